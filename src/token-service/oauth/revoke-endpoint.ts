import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import type { Revocations } from '../../core/credentials/revocation.ts';
import { holderOf } from './holder-of.ts';
import { OAUTH_ERROR_FORMAT } from './error-format.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import {
  badRequest,
  refusalCategory,
  type EndpointOutcome,
  type EndpointResponse,
} from '../endpoint/outcome.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import { readForm } from './token-request.ts';

export interface RevokePorts {
  readonly present: (token: string) => PresentedCredential | Deny;
  /** Verifies minted tokens of any audience. */
  readonly verifyCredential: VerifyCredential;
  readonly revocations: Pick<Revocations, 'addByHolder' | 'check'>;
  /** Claims that identify the holder of a token, by issuer name. */
  readonly holderClaims: ReadonlyMap<string, readonly string[]>;
  readonly log: Log;
}

/** RFC 7009 §2.2: the same response for a token that is revoked now and for an unknown or invalid one. */
const DONE: EndpointResponse = { kind: 'response', contentType: 'text/plain; charset=utf-8', body: '' };

/** `POST /oauth/revoke`: a holder revokes a minted token. Other tokens are revoked on the admin listener. */
export function createRevokeEndpoint(ports: RevokePorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const parameters = readForm(call.head, body);
        if ('kind' in parameters) return parameters;
        const token = parameters.get('token') ?? '';
        if (token === '') return badRequest('invalid_request', 'Send the parameter token.');
        const presented = ports.present(token);
        call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
        call.reason = 'anonymous';
        call.detail = 'the token is not a valid token of this gateway';
        if ('kind' in presented || presented.class !== 'access_token') return DONE;
        const verified = await authenticateCaller(call, presented, ports.verifyCredential);
        if (!('kind' in verified)) return revoke(call, verified, ports);
        const category = refusalCategory(verified);
        if (category === 'unavailable' || category === 'throttled') return verified;
        call.detail = verified.detail;
        return DONE;
      },
    },
    OAUTH_ERROR_FORMAT,
    ports.log,
  );
}

async function revoke(
  call: EndpointCall,
  verified: VerifiedCredential,
  { revocations, holderClaims }: RevokePorts,
): Promise<EndpointOutcome> {
  const { jti = '', issuer, expiresAt, minted } = verified;
  call.detail = `token ${jti} is revoked`;
  // A second entry has no effect but uses up the holder's limit.
  if (revocations.check(verified, minted?.identity).kind === 'revoked') return DONE;
  const added = await revocations.addByHolder(
    {
      target: 'jti',
      value: jti,
      issuer,
      reason: 'revoked by its holder',
      expires: new Date(expiresAt).toISOString(),
    },
    holderOf(verified, holderClaims),
  );
  if (added.kind === 'added') return DONE;
  return { ...deny('rate_limited', added.detail), retryAfter: added.retryAfter };
}
