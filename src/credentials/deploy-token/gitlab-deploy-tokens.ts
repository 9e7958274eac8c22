import { asScalar } from '../../core/credentials/claims.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { reuse } from '../../util/reuse.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';
import type { Authentication, ServiceAuthenticator } from '../authentication.ts';
import type { Body, IntrospectionRequest, UnusableResponse } from '../introspection/gitlab-introspection.ts';
import { askedOf, createIntrospectedTokens } from '../introspection/introspected-tokens.ts';
import type {
  AskedIssuer,
  IntrospectedPorts,
  IntrospectedTokens,
  Proof,
} from '../introspection/introspected-tokens.ts';
import type { IntrospectionLimits } from '../introspection/permits.ts';
import type { IssuerSettings } from '../settings.ts';

/**
 * GitLab bans an address after 30 failures in 3 minutes (doc/security/rate_limits.md). At most 24 questions fail in that time, which
 * leaves some for other clients behind the gateway's address.
 */
const LIMITS: IntrospectionLimits = {
  budget: {
    window: 180_000,
    unproven: 16,
    proven: 20,
    renewals: 24,
    perAddress: 2,
    withinAddress: 2,
    unansweredCount: true,
  },
  renewals: { perSecond: 50, burst: 100 },
  refusalLifetime: 180_000,
};

/** GitLab's own deploy tokens, of every GitLab that is to be asked about them. */
export function createGitlabDeployTokens(
  issuers: readonly IssuerSettings[],
  ports: IntrospectedPorts,
  last?: IntrospectedTokens,
): IntrospectedTokens {
  const asked = askedOf(issuers.filter(({ deployTokens }) => deployTokens !== undefined));
  return reuse(last, asked, (issuer) => verifierOf(issuer, ports));
}

function verifierOf(issuer: AskedIssuer, ports: IntrospectedPorts): ServiceAuthenticator {
  const { cache = 0, probe } = issuer.deployTokens ?? {};
  const verify = createIntrospectedTokens(issuer, 'deploy_token', cache, LIMITS, question(probe), ports);
  return (presented, host, client): Authentication | Promise<Authentication> =>
    presented.username === undefined || presented.username === ''
      ? deny('credential_malformed', 'a deploy token of GitLab without its user name: send both, as Basic')
      : verify(presented, host, client);
}

/**
 * `GET /jwt/auth` is what docker asks GitLab at a login (app/controllers/jwt_controller.rb). It is asked for nothing, or to
 * pull from the probe; never to push, which would make a repository. That it answers 200 proves nothing by itself: it
 * does so for people too.
 */
function question(probe: string | undefined): IntrospectionRequest<Proof> {
  const scope = probe === undefined ? '' : `&scope=${encodeURIComponent(`repository:${probe}:pull`)}`;
  return {
    what: 'deploy tokens',
    request({ token, username = '' }) {
      const basic = Buffer.from(`${username}:${token}`, 'utf8').toString('base64');
      return {
        path: `/jwt/auth?service=container_registry${scope}`,
        headers: { authorization: `Basic ${basic}` },
      };
    },
    interpret(status, body) {
      switch (status) {
        case 200:
          return readAnswer(body);
        case 401:
          return deny('credential_invalid', 'GitLab answers 401: no such deploy token with this user name');
        case 403:
          // A ban is answered 403 too, but not in the registry's form.
          return isDenied(body)
            ? deny(
                'credential_invalid',
                'GitLab answers DENIED: a credential without registry scope cannot be told',
              )
            : undefined;
        case 404:
          return {
            kind: 'unusable',
            detail: 'answers 404: its container registry is off, so it cannot be asked',
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

/** The token was made for GitLab's registry and came over TLS from GitLab itself: it is read, not verified. */
function readAnswer({ token }: Body): Proof | Deny | UnusableResponse {
  const payload = typeof token === 'string' ? payloadOf(token) : undefined;
  if (payload === undefined) return { kind: 'unusable', detail: 'answers 200 without a token' };
  const nested = payload['user'];
  const info = typeof nested === 'string' ? payloadOf(nested)?.['user_info'] : undefined;
  const user = isRecord(info) ? info : {};
  if (payload['auth_type'] !== 'deploy_token' || (user['token_type'] ?? 'deploy_token') !== 'deploy_token') {
    return deny('credential_invalid', 'GitLab knows it, but not as a deploy token');
  }
  const username = user['username'] ?? payload['sub'];
  if (typeof username !== 'string') return { kind: 'unusable', detail: 'answers without a user name' };
  const id = asScalar(user['deploy_token_id']);
  const claims = {
    username,
    ...(id === undefined ? {} : { deploy_token_id: id }),
    registry_access: accessOf(payload['access']),
  };
  return { kind: 'proof', subject: username, claims };
}

/** `repository:acme/base-images:pull`, as the token grants it. */
function accessOf(access: unknown): readonly string[] {
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
