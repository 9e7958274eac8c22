import type { PresentedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import type { Revocations } from '../../core/credentials/revocation.ts';
import { holderOf } from './holder-of.ts';
import { OAUTH_ERROR_FORMAT } from './error-format.ts';
import { createBuiltInEndpoint, badRequest, type EndpointResponse } from '../endpoint/built-in-endpoint.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import { readForm } from './token-request.ts';

export interface RevokePorts {
  readonly present: (token: string) => PresentedCredential | Deny;
  /** Verifies minted tokens of any audience. */
  readonly verifyCredential: VerifyCredential;
  readonly revocations: Pick<Revocations, 'addByHolder' | 'check'>;
  /** Claims that say who a token is of, by the issuer's name. */
  readonly holderClaims: ReadonlyMap<string, readonly string[]>;
  readonly log: Log;
}

/** RFC 7009 §2.2: the same for a token that is revoked now and for one that never was. */
const DONE: EndpointResponse = { kind: 'answer', contentType: 'text/plain; charset=utf-8', body: '' };

/** `POST /oauth/revoke`: the holder of a minted token may end it. Other tokens are revoked on the admin listener. */
export function createRevokeEndpoint({
  present,
  verifyCredential,
  revocations,
  holderClaims,
  log,
}: RevokePorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const parameters = readForm(call.head, body);
        if ('kind' in parameters) return parameters;
        const token = parameters.get('token') ?? '';
        if (token === '') return badRequest('invalid_request', 'Send the token.');
        const presented = present(token);
        call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
        call.reason = 'anonymous';
        call.detail = 'not a token of ours that is still good';
        if ('kind' in presented || presented.class !== 'access_token') return DONE;
        const verified = await authenticateCaller(call, presented, verifyCredential);
        if ('kind' in verified) {
          if (verified.kind === 'unable' || verified.reason === 'rate_limited') return verified;
          call.detail = verified.detail;
          return DONE;
        }
        const { jti = '', issuer, expiresAt, minted } = verified;
        call.detail = `token ${jti} is revoked`;
        // An entry more would change nothing, and count.
        if (revocations.check(verified, minted?.identity).kind === 'revoked') return DONE;
        const added = await revocations.addByHolder(
          {
            target: 'jti',
            value: jti,
            issuer,
            reason: 'given back by its holder',
            expires: new Date(expiresAt).toISOString(),
          },
          holderOf(verified, holderClaims),
        );
        if (added.kind === 'added') return DONE;
        const { detail, retryAfter } = added;
        return { kind: 'deny', reason: 'rate_limited', detail, retryAfter };
      },
    },
    OAUTH_ERROR_FORMAT,
    log,
  );
}
