import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Deny, type Refusal } from '../../core/decision.ts';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { issueToken, type IssueTokenPorts } from '../issue-token.ts';
import { asClient, OAUTH_ERROR_FORMAT, refused } from './error-format.ts';
import {
  jsonResponse,
  createBuiltInEndpoint,
  badRequest,
  type EndpointResponse,
  type EndpointRefusal,
} from '../endpoint/built-in-endpoint.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import { readTokenRequest, TOKEN_TYPES, type TokenRequest } from './token-request.ts';

/** What a token can be asked for: one service, or all of them. */
export interface Target {
  /** `aud` of the token. */
  readonly audience: string;
  /** Undefined: all. */
  readonly service: string | undefined;
  /** By the issuers and audiences that the target has. */
  readonly verifyCredential: VerifyCredential;
}

export interface TokenPorts extends IssueTokenPorts {
  readonly all: Target;
  /** By every name that clients may use for one: the service's, its public URL. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  readonly present: (token: string, username?: string) => PresentedCredential | Deny;
  readonly identify: (credential: VerifiedCredential) => Caller | Deny;
  /** What a caller may ask for; of one service, or of all. */
  readonly scopesOf: (caller: Caller, service: string | undefined) => readonly string[];
  readonly log: Log;
}

/** `POST /oauth/token`: RFC 8693 for the tokens of jobs, RFC 6749 §4.4 for deploy tokens. */
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
        const ofClient = request.subject.grant === 'client' && outcome.kind === 'deny';
        return ofClient ? asClient(outcome) : outcome;
      },
    },
    OAUTH_ERROR_FORMAT,
    ports.log,
  );
}

/** A second credential in the head, which the body says nothing of. */
function isMixed({ subject }: TokenRequest, found: PresentedCredential | undefined | Deny): boolean {
  if (subject.grant === 'exchange') return found !== undefined;
  return found !== undefined && 'kind' in found && found.reason === 'credential_conflict';
}

async function issue(
  call: EndpointCall,
  request: TokenRequest,
  ports: TokenPorts,
): Promise<EndpointResponse | EndpointRefusal | Refusal> {
  const target = targetOf(request.targets, ports);
  // A bad token is told the same whether or not there is such a target.
  const verified = await verify(call, request, (target ?? ports.all).verifyCredential, ports);
  if ('kind' in verified) return verified;
  const caller = ports.identify(verified);
  if ('kind' in caller) return caller;
  const held = target === undefined ? [] : ports.scopesOf(caller, target.service);
  if (target === undefined || held.length === 0) {
    const denied = deny('scope_not_granted', `nothing at ${request.targets.join(' ')}`, caller);
    return refused(denied, 400, 'invalid_target', 'Nothing of that name is open to this token.');
  }
  const beyond = request.scopes?.find((scope) => !held.includes(scope));
  if (beyond !== undefined) {
    const denied = deny('scope_not_granted', `asked for scope ${beyond}`, caller);
    return refused(denied, 400, 'invalid_scope', 'A scope was asked for that this token cannot get there.');
  }
  const scope = (request.scopes ?? held).join(' ');
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

/** All of the names must mean one and the same; undefined where they do not, or one means nothing. */
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
  const expected =
    subject.grant === 'client'
      ? 'deploy_token'
      : subject.type === TOKEN_TYPES.accessToken
        ? 'job_token'
        : 'id_token';
  // What was minted is never exchanged again: it would live on without end.
  const fits = 'kind' in presented || presented.class === expected;
  return fits
    ? authenticateCaller(call, presented, verifyCredential)
    : deny('credential_invalid', `a ${presented.class} where a ${expected} was announced`);
}
