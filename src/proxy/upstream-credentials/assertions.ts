import { ASSERTION_TYPE } from '../../core/credentials/assertion.ts';
import type { Caller } from '../../core/decision.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import { serviceAudience } from '../../core/credentials/minted-token.ts';
import type { Clock } from '../../core/ports.ts';
import { callerClaims } from './caller-claims.ts';

/** The signed assertion for a caller; synchronous when one is cached. */
export type Assertions = (caller: Caller) => string | Promise<string>;

interface CachedAssertion {
  /** Undefined until the first one is signed. */
  assertion: string | undefined;
  /** Milliseconds since the epoch. */
  renewAt: number;
  lastUse: number;
  flight: Promise<string> | undefined;
}

/** Milliseconds for which an assertion is reused, and after which the next one is signed in the background. */
const USED_FOR = 50_000;
const RENEWED_AFTER = 30_000;
/** Milliseconds between two attempts to renew an assertion that is still valid. */
const RENEWAL_PAUSE = 1_000;

/**
 * Signs `X-Auth-Assertion`: a short-lived JWT with the caller's identity and this service as its audience, for upstreams
 * that do not trust the network. Signing costs more than the rest of a request, so assertions are cached per caller.
 */
export function createAssertions(
  { name, publicUrl }: { readonly name: string; readonly publicUrl: string },
  { keyring, clock }: { readonly keyring: Pick<Keyring, 'sign'>; readonly clock: Clock },
): Assertions {
  const cache = new WeakMap<Caller, CachedAssertion>();

  function sign(caller: Caller, now: number): Promise<string> {
    const recipient = { issuer: publicUrl, audience: serviceAudience(name) };
    return keyring.sign(ASSERTION_TYPE, callerClaims(caller, recipient, { now, expiresAt: Infinity }));
  }

  function renew(caller: Caller, entry: CachedAssertion, now: number): Promise<string> {
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
    const known = cache.get(caller);
    const entry = known ?? { assertion: undefined, renewAt: 0, lastUse: 0, flight: undefined };
    if (known === undefined) cache.set(caller, entry);
    // A clock that was set back must not extend the use of an assertion beyond its expiry.
    const expired = now >= entry.lastUse || now < entry.lastUse - USED_FOR;
    if (entry.assertion === undefined || expired) return renew(caller, entry, now);
    if (now >= entry.renewAt) {
      entry.renewAt = now + RENEWAL_PAUSE;
      renew(caller, entry, now).catch(() => undefined);
    }
    return entry.assertion;
  };
}
