import { randomUUID } from 'node:crypto';
import { ASSERTION_LIFETIME, ASSERTION_TYPE } from '../../core/credentials/assertion.ts';
import type { Caller } from '../../core/decision.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import { serviceAudience } from '../../core/credentials/minted-token.ts';
import type { Clock } from '../../core/ports.ts';

/** The signed word of the gateway on who calls; at once where one is at hand. */
export type Assertions = (caller: Caller) => string | Promise<string>;

interface Kept {
  /** Undefined while the first one is made. */
  assertion: string | undefined;
  /** Milliseconds since the epoch. */
  renewAt: number;
  lastUse: number;
  flight: Promise<string> | undefined;
}

/** Milliseconds of its life in which an assertion is sent again, and those after which the next one is made. */
const USED_FOR = 50_000;
const RENEWED_AFTER = 30_000;
/** Milliseconds between two attempts to renew one that is still good. */
const PAUSE = 1_000;

/**
 * For upstreams that need more than the word of whoever reaches them: `X-Auth-Assertion` holds what the identity headers
 * say, signed, for this service, and short-lived. Signing costs more than the rest of a request, so each caller's is
 * used for most of its life, and renewed while nobody waits.
 */
export function createAssertions(
  { name, publicUrl }: { readonly name: string; readonly publicUrl: string },
  { keyring, clock }: { readonly keyring: Pick<Keyring, 'sign'>; readonly clock: Clock },
): Assertions {
  const kept = new WeakMap<Caller, Kept>();

  function sign({ identity, credential }: Caller, now: number): Promise<string> {
    const issuedAt = Math.floor(now / 1000);
    return keyring.sign(ASSERTION_TYPE, {
      iss: publicUrl,
      aud: serviceAudience(name),
      sub: identity,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + ASSERTION_LIFETIME,
      jti: randomUUID(),
      src: { iss: credential.issuerUrl, sub: credential.subject, credential: credential.class },
    });
  }

  function renew(caller: Caller, entry: Kept, now: number): Promise<string> {
    entry.flight ??= sign(caller, now)
      .then((assertion) => {
        Object.assign(entry, { assertion, renewAt: now + RENEWED_AFTER, lastUse: now + USED_FOR });
        return assertion;
      })
      .finally(() => {
        entry.flight = undefined;
      });
    return entry.flight;
  }

  return (caller) => {
    const now = clock.now();
    const known = kept.get(caller);
    const entry = known ?? { assertion: undefined, renewAt: 0, lastUse: 0, flight: undefined };
    if (known === undefined) kept.set(caller, entry);
    // A clock that was set back would make it last for longer than it is good.
    const old = now >= entry.lastUse || now < entry.lastUse - USED_FOR;
    if (entry.assertion === undefined || old) return renew(caller, entry, now);
    if (now >= entry.renewAt) {
      entry.renewAt = now + PAUSE;
      renew(caller, entry, now).catch(() => undefined);
    }
    return entry.assertion;
  };
}
