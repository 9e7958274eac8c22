import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Deny, type Refusal } from '../../core/decision.ts';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { issueToken, type IssueTokenPorts } from '../issue-token.ts';
import { OAUTH_ERROR_FORMAT, refuseGrant } from './error-format.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { badRequest, jsonResponse, refuseWith, type EndpointOutcome } from '../endpoint/outcome.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import { readTokenRequest, TOKEN_TYPE_URIS, type TokenRequest } from './token-request.ts';

/** The target of a token request: one service, or all services. */
export interface Target {
  /** `aud` of the token. */
  readonly audience: string;
  /** Undefined for all services. */
  readonly service: string | undefined;
  /** Verifies against the issuers and audiences of the target. */
  readonly verifyCredential: VerifyCredential;
}

export interface TokenPorts extends IssueTokenPorts {
  readonly all: Target;
  /** By every name of a target: the service name, its URN, its public URLs. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  readonly present: (token: string, username?: string) => PresentedCredential | Deny;
  readonly identify: (credential: VerifiedCredential) => Caller | Deny;
  /** The scopes that a caller may request for one service, or for all. */
  readonly scopesOf: (caller: Caller, service: string | undefined) => readonly string[];
  readonly log: Log;
}

/**
 * `POST /oauth/token`: token exchange (RFC 8693) for CI tokens, assertions (RFC 7523) for ID tokens, client credentials
 * (RFC 6749 §4.4) for deploy tokens.
 */
export function createTokenEndpoint(ports: TokenPorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const request = readTokenRequest(call.head, body);
        if (request.kind === 'refused') return request;
        if (isMixed(request, ports.extract(call.head))) {
          return badRequest(
            'invalid_request',
            'The request carries more than one credential. Send exactly one.',
          );
        }
        const outcome = await issue(call, request, ports);
        return outcome.kind === 'deny' ? refuseGrant(request.subject.grant, outcome) : outcome;
      },
    },
    OAUTH_ERROR_FORMAT,
    ports.log,
  );
}

/** Whether the request head contains a credential in addition to the one that the grant uses. */
function isMixed({ subject }: TokenRequest, found: PresentedCredential | undefined | Deny): boolean {
  if (subject.grant !== 'client') return found !== undefined;
  return found !== undefined && 'kind' in found && found.reason === 'credential_conflict';
}

async function issue(call: EndpointCall, request: TokenRequest, ports: TokenPorts): Promise<EndpointOutcome> {
  const target = targetOf(request.targets, ports);
  // The token is verified even for an unknown target, so that an invalid token cannot discover targets.
  const verified = await verify(call, request, (target ?? ports.all).verifyCredential, ports);
  if ('kind' in verified) return verified;
  const caller = ports.identify(verified);
  if ('kind' in caller) return caller;
  const available = target === undefined ? [] : ports.scopesOf(caller, target.service);
  if (target === undefined || available.length === 0) {
    const denied = deny(
      'scope_not_granted',
      `no scopes at the requested target ${request.targets.join(' ')}`,
      caller,
    );
    return refuseWith(
      denied,
      400,
      'invalid_target',
      'The token has no access to a service with this name or URL.',
    );
  }
  const excess = request.scopes?.find((scope) => !available.includes(scope));
  if (excess !== undefined) {
    const denied = deny('scope_not_granted', `the requested scope ${excess} is not granted`, caller);
    return refuseWith(denied, 400, 'invalid_scope', 'The token cannot obtain one of the requested scopes.');
  }
  const scope = (request.scopes ?? available).join(' ');
  const minted = await issueToken(call, caller, { audience: target.audience, extra: { scope } }, ports);
  if (minted.kind !== 'minted') return minted;
  return jsonResponse('application/json', {
    access_token: minted.token,
    ...(request.subject.grant === 'exchange' ? { issued_token_type: request.issuedType } : {}),
    token_type: 'Bearer',
    expires_in: minted.expiresIn,
    scope,
  });
}

/** Returns the one target that all names refer to; undefined when they differ or one is unknown. */
function targetOf(names: readonly string[], { all, targets }: TokenPorts): Target | undefined {
  if (names.length === 0) return all;
  const [target, ...others] = new Set(names.map((name) => targets.get(name)));
  return others.length === 0 ? target : undefined;
}

async function verify(
  call: EndpointCall,
  { subject }: TokenRequest,
  verifyCredential: VerifyCredential,
  { present }: TokenPorts,
): Promise<VerifiedCredential | Refusal> {
  const presented =
    subject.grant === 'client' ? present(subject.secret, subject.username) : present(subject.token);
  const expected = expectedClass(subject);
  // A minted token cannot be exchanged: repeated exchanges would extend its lifetime without limit.
  const hasExpectedClass = 'kind' in presented || presented.class === expected;
  return hasExpectedClass
    ? authenticateCaller(call, presented, verifyCredential)
    : deny(
        'credential_invalid',
        `the request declares a credential of class ${expected}, but it is of class ${presented.class}`,
      );
}

function expectedClass(subject: TokenRequest['subject']): PresentedCredential['class'] {
  switch (subject.grant) {
    case 'client':
      return 'deploy_token';
    case 'assertion':
      return 'id_token';
    case 'exchange':
      return subject.type === TOKEN_TYPE_URIS.accessToken ? 'job_token' : 'id_token';
    default:
      return subject satisfies never;
  }
}
