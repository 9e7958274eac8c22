import type { PresentedCredential, VerifiedCredential } from '../contract/credential.ts';
import type { Deny, Refusal } from '../contract/decision.ts';
import type { Handle } from '../contract/endpoint.ts';
import type { Clock, Log } from '../contract/ports.ts';
import type { Revocations } from '../contract/revocation.ts';
import { WindowCounter } from '../lib/window-counter.ts';
import { OAUTH_MANNER } from './oauth-manner.ts';
import { createOwnEndpoint, misuse, type Answer } from './own-endpoint.ts';
import { prove, type Admit } from './prove.ts';
import { readForm } from './token-request.ts';

export interface RevokePorts {
  readonly present: (token: string) => PresentedCredential | Deny;
  /** Tokens of our own, whatever they were minted for. */
  readonly admit: Admit;
  readonly revocations: Pick<Revocations, 'add' | 'check'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** One credential can be exchanged without end: every replica holds all revocations, so it may not fill the list. */
const MAX_PER_SOURCE = 60;
const WINDOW = 60_000;

/** RFC 7009 §2.2: the same for a token that is revoked now and for one that never was. */
const DONE: Answer = { kind: 'answer', contentType: 'text/plain; charset=utf-8', body: '' };

/** `POST /oauth/revoke`: whoever holds a minted token may end it. Other tokens are not ours to revoke: the admin's. */
export function createRevokeEndpoint({ present, admit, revocations, clock, log }: RevokePorts): Handle {
  const given = new WindowCounter(() => clock.now());

  return createOwnEndpoint(
    {
      async POST(call, body) {
        const parameters = readForm(call.head, body);
        if ('kind' in parameters) return parameters;
        const token = parameters.get('token') ?? '';
        if (token === '') return misuse('invalid_request', 'Send the token.');
        const presented = present(token);
        call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
        call.reason = 'anonymous';
        call.detail = 'not a token of ours that is still good';
        if ('kind' in presented || presented.class !== 'access_token') return DONE;
        const verified = await prove(call, presented, admit);
        if ('kind' in verified) {
          if (verified.kind === 'unable' || verified.reason === 'rate_limited') return verified;
          call.detail = verified.detail;
          return DONE;
        }
        const { jti = '', issuer, expiresAt, minted } = verified;
        const { count, resetsIn } = given.add(sourceOf(verified), WINDOW);
        if (count > MAX_PER_SOURCE) return tooMany(Math.ceil(resetsIn / 1000));
        // Once is enough: whoever sends it again does not fill the list.
        if (revocations.check(verified, minted?.identity).kind !== 'revoked') {
          const expires = new Date(expiresAt).toISOString();
          await revocations.add({
            target: 'jti',
            value: jti,
            issuer,
            reason: 'given back by its holder',
            expires,
          });
        }
        call.detail = `token ${jti} is revoked`;
        return DONE;
      },
    },
    OAUTH_MANNER,
    log,
  );
}

/** Tokens for nobody in particular have one source together: each says that it is its own, and anybody gets them. */
function sourceOf({ minted }: VerifiedCredential): string {
  return minted?.identity === undefined ? '' : minted.source.tokenHash;
}

function tooMany(retryAfter: number): Refusal {
  const detail = 'too many tokens of one source were given back';
  return { kind: 'deny', reason: 'rate_limited', detail, retryAfter };
}
