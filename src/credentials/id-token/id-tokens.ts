import { hash } from 'node:crypto';
import {
  MAX_CREDENTIAL_LENGTH,
  type PresentedCredential,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import type { VerificationMeter } from '../../core/meter.ts';
import type { Clock } from '../../core/ports.ts';
import { quoted } from '../../util/quoted.ts';
import { SingleFlight } from '../../util/single-flight.ts';
import { MAX_FLIGHTS, measure } from '../authentication.ts';
import type { Authentication } from '../authentication.ts';
import { checkExpiry } from './check-claims.ts';
import { issuersByForm } from '../compile-issuers.ts';
import type { Issuer, Trust } from '../compile-issuers.ts';
import { createVerificationCache, type VerificationCache } from '../verification-cache.ts';
import { readCandidate, verifyCandidate } from './verify-id-token.ts';
import type { VerifiedIdToken } from './verify-id-token.ts';

export type VerifyIdToken = (
  presented: PresentedCredential,
  trust: Trust,
) => Authentication | Promise<Authentication>;

/** Tokens that were found good, by the hash of all of each: a signature vouches for no other one. */
export type KnownIdTokens = VerificationCache<VerifiedIdToken>;

/** Id tokens of all issuers, with the cache of those that were found good. */
export function createIdTokens(
  issuers: readonly Issuer[],
  cache: KnownIdTokens,
  { clock, meter }: { readonly clock: Clock; readonly meter: VerificationMeter },
): VerifyIdToken {
  const byForm = issuersByForm(issuers);
  const flights = new SingleFlight<VerifiedIdToken | Refusal>(MAX_FLIGHTS);

  function verifyAnew(
    token: string,
    sentHash: string,
    trust: Trust,
  ): Authentication | Promise<Authentication> {
    const measured = measure(meter, 'id_token');
    const candidate = readCandidate(token, sentHash, byForm);
    if (candidate.kind === 'deny') return measured(undefined, candidate);
    const { issuer } = candidate;
    if (!trust.has(issuer)) return measured(issuer.name, notTrusted(issuer.name));
    return flights
      .run(sentHash, () => verifyCandidate(candidate, clock))
      .then((entry) => {
        if ('kind' in entry) return measured(issuer.name, entry);
        const result = admit(entry, trust, clock.now());
        // Only what a service took: tokens made for elsewhere must not push out those in use.
        if (!('kind' in result)) cache.set(sentHash, entry);
        return measured(issuer.name, result);
      });
  }

  return function verify({ token }, trust) {
    if (token.length > MAX_CREDENTIAL_LENGTH) return deny('credential_malformed', 'the token is over 16 KiB');
    const sentHash = hash('sha256', token);
    const known = cache.get(sentHash);
    // A withdrawn key or a stale key set takes the long way, which fetches, and decides on what it finds.
    if (known !== undefined && known.key.alive && known.issuer.keys.usable()) {
      meter.cacheHit('id_token');
      return admit(known, trust, clock.now());
    }
    meter.cacheMiss('id_token');
    return verifyAnew(token, sentHash, trust);
  };
}

/** What is known of tokens whose issuer is still the same; a reload makes nobody else's unknown. */
export function withoutTokensOf(gone: readonly Issuer[], known: KnownIdTokens): KnownIdTokens {
  // The same one where it can be: requests in flight still write into it, under the issuers that they know.
  if (gone.length === 0) return known;
  const cache = createVerificationCache<VerifiedIdToken>();
  // From the least recently used on, so that the order stays.
  for (const sentHash of known.rkeys()) {
    const entry = known.peek(sentHash);
    if (entry !== undefined && !gone.includes(entry.issuer)) cache.set(sentHash, entry);
  }
  return cache;
}

/** What is asked at every use of a good token: this service's issuers, the time, this service's audiences. */
function admit(entry: VerifiedIdToken, trust: Trust, now: number): VerifiedCredential | Deny {
  const accepted = trust.get(entry.issuer);
  if (accepted === undefined) return notTrusted(entry.issuer.name);
  const expired = checkExpiry(entry.verified.expiresAt, now);
  if (expired !== undefined) return expired;
  for (const audience of entry.audiences) if (accepted.has(audience)) return entry.verified;
  return deny('audience_mismatch', `aud ${quoted(entry.audiences.join(' '))} is not one of this service`);
}

function notTrusted(issuer: string): Deny {
  return deny('issuer_unknown', `issuer ${issuer} is not one of this service`);
}
