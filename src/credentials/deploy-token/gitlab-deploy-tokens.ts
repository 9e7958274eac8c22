import { asScalar } from '../../core/credentials/claims.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { reuse } from '../../util/resources/reuse.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';
import { basicAuthorization } from '../../util/http/basic-authorization.ts';
import type { Authentication, ServiceAuthenticator } from '../authentication.ts';
import type {
  Body,
  Confirmation,
  IntrospectionRequest,
  InvalidIntrospection,
} from '../introspection/gitlab-introspection.ts';
import { createIntrospectedTokens, introspectionIssuers } from '../introspection/introspected-tokens.ts';
import type {
  IntrospectedPorts,
  IntrospectedTokens,
  IntrospectionIssuer,
} from '../introspection/introspected-tokens.ts';
import type { IntrospectionLimits } from '../introspection/permits.ts';
import type { DeployTokenChecks, IssuerSettings } from '../settings.ts';

/**
 * GitLab bans an address after 30 failures in 3 minutes (doc/security/rate_limits.md). The default of 24 leaves
 * some for other clients with the same address.
 */
function limitsFrom({ failures, window, queue }: DeployTokenChecks['limits']): IntrospectionLimits {
  return {
    budget: {
      window,
      unproven: Math.floor((failures * 2) / 3),
      proven: Math.floor((failures * 5) / 6),
      renewals: failures,
      perAddress: 2,
      withinAddress: 2,
      unansweredCount: true,
      concurrent: 32,
    },
    renewals: { perSecond: 50, burst: 100 },
    queue,
    refusalLifetime: 180_000,
  };
}

/** Creates the verifiers of GitLab's deploy tokens, for each issuer that accepts them. */
export function createGitlabDeployTokens(
  issuers: readonly IssuerSettings[],
  ports: IntrospectedPorts,
  previous?: IntrospectedTokens,
): IntrospectedTokens {
  const accepting = introspectionIssuers(issuers.filter(({ deployTokens }) => deployTokens !== undefined));
  return reuse(previous, accepting, (issuer) => createVerifier(issuer, ports));
}

function createVerifier(issuer: IntrospectionIssuer, ports: IntrospectedPorts): ServiceAuthenticator {
  if (issuer.deployTokens === undefined) throw new Error(`issuer ${issuer.name} accepts no deploy tokens`);
  const { cache, probe, limits } = issuer.deployTokens;
  const settings = {
    issuer,
    cache,
    credentialClass: 'deploy_token',
    limits: limitsFrom(limits),
    request: introspectionRequest(probe),
  } as const;
  const verify = createIntrospectedTokens(settings, ports);
  return (presented, host, client): Authentication | Promise<Authentication> =>
    presented.username === undefined || presented.username === ''
      ? deny(
          'credential_malformed',
          'the GitLab deploy token has no user name; send both with Basic authentication',
        )
      : verify(presented, host, client);
}

/**
 * `GET /jwt/auth` is the token endpoint of GitLab's registry, which `docker login` uses
 * (app/controllers/jwt_controller.rb). The request has no scope, or the scope to pull from the probe; the
 * scope to push would create a repository. A 200 alone does not confirm a deploy token, because user
 * credentials get one too.
 */
function introspectionRequest(probe: string | undefined): IntrospectionRequest<Confirmation> {
  const scope = probe === undefined ? '' : `&scope=${encodeURIComponent(`repository:${probe}:pull`)}`;
  return {
    credentials: 'deploy tokens',
    request({ token, username = '' }) {
      return {
        path: `/jwt/auth?service=container_registry${scope}`,
        headers: { authorization: basicAuthorization(username, token) },
      };
    },
    interpret(status, body) {
      switch (status) {
        case 200:
          return readTokenResponse(body);
        case 401:
          return deny(
            'credential_invalid',
            'GitLab returned 401: there is no such deploy token with this user name',
          );
        case 403:
          // GitLab also returns 403 for a banned address, but without the registry error format.
          return isDenied(body)
            ? deny(
                'credential_invalid',
                'GitLab returned DENIED: the credential has no registry scope; a deploy token needs read_registry',
              )
            : undefined;
        case 404:
          return {
            kind: 'invalid',
            detail:
              'GitLab returned 404: its container registry is disabled; enable it to verify deploy tokens',
          };
        default:
          return undefined;
      }
    },
  };
}

function isDenied({ errors }: Body): boolean {
  return Array.isArray(errors) && errors.some((error) => isRecord(error) && error['code'] === 'DENIED');
}

/** The signature of the token is not verified: the gateway received it from GitLab over TLS. */
function readTokenResponse({ token }: Body): Confirmation | Deny | InvalidIntrospection {
  const payload = typeof token === 'string' ? payloadOf(token) : undefined;
  if (payload === undefined) return { kind: 'invalid', detail: 'GitLab returned 200 without a token' };
  const nested = payload['user'];
  const info = typeof nested === 'string' ? payloadOf(nested)?.['user_info'] : undefined;
  const user = isRecord(info) ? info : {};
  if (payload['auth_type'] !== 'deploy_token' || (user['token_type'] ?? 'deploy_token') !== 'deploy_token') {
    return deny('credential_invalid', 'GitLab accepts the credential, but it is not a deploy token');
  }
  const username = user['username'] ?? payload['sub'];
  if (typeof username !== 'string')
    return { kind: 'invalid', detail: 'GitLab returned a token without a user name' };
  const id = asScalar(user['deploy_token_id']);
  const claims = {
    username,
    ...(id === undefined ? {} : { deploy_token_id: id }),
    registry_access: registryAccess(payload['access']),
  };
  return { kind: 'confirmed', subject: username, claims };
}

/** Formats the access granted by the token, for example `repository:acme/base-images:pull`. */
function registryAccess(access: unknown): readonly string[] {
  if (!Array.isArray(access)) return [];
  return access
    .filter(isRecord)
    .flatMap(({ type, name, actions }) =>
      typeof type === 'string' && typeof name === 'string' && Array.isArray(actions)
        ? actions.map((action) => `${type}:${name}:${String(action)}`)
        : [],
    );
}

function payloadOf(jwt: string): Body | undefined {
  const read = parseJsonObject(Buffer.from(jwt.split('.')[1] ?? '', 'base64url'));
  return read.kind === 'object' ? read.value : undefined;
}
