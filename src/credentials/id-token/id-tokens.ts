import { hash } from 'node:crypto';
import {
  MAX_CREDENTIAL_LENGTH,
  type PresentedCredential,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import type { VerificationMeter } from '../../core/operation/meter.ts';
import type { Clock } from '../../core/ports.ts';
import { audienceMismatch, issuerUnknown } from '../../core/refusal-messages.ts';
import { quoted } from '../../util/text/quoted.ts';
import { SingleFlight } from '../../util/async/single-flight.ts';
import { MAX_FLIGHTS, measure } from '../authentication.ts';
import type { Authentication } from '../authentication.ts';
import { checkExpiry } from './check-claims.ts';
import { indexIssuers } from '../compile-issuers.ts';
import type { Issuer, Trust } from '../compile-issuers.ts';
import { createVerificationCache, type VerificationCache } from '../verification-cache.ts';
import { readCandidate, verifyCandidate } from './verify-id-token.ts';
import type { VerifiedIdToken } from './verify-id-token.ts';

export type VerifyIdToken = (
  presented: PresentedCredential,
  trust: Trust,
) => Authentication | Promise<Authentication>;

/** Verified ID tokens, by the hash over the whole token. */
export type IdTokenCache = VerificationCache<VerifiedIdToken>;

/** Creates the verifier of the ID tokens of all issuers. */
export function createIdTokens(
  issuers: readonly Issuer[],
  cache: IdTokenCache,
  { clock, meter }: { readonly clock: Clock; readonly meter: VerificationMeter },
): VerifyIdToken {
  const index = indexIssuers(issuers);
  const flights = new SingleFlight<VerifiedIdToken | Refusal>(MAX_FLIGHTS);

  function verifyUncached(
    token: string,
    sentHash: string,
    trust: Trust,
  ): Authentication | Promise<Authentication> {
    const measured = measure(meter, 'id_token');
    const candidate = readCandidate(token, sentHash, index);
    if (candidate.kind === 'deny') return measured(undefined, candidate);
    const { issuer } = candidate;
    if (!trust.has(issuer)) return measured(issuer.name, notTrusted(issuer));
    const accept = (entry: VerifiedIdToken | Refusal): Authentication => {
      if ('kind' in entry) return measured(issuer.name, entry);
      const result = checkUse(entry, trust, clock.now());
      // Cache only accepted tokens: tokens with another audience must not evict those in use.
      if (!('kind' in result)) cache.set(sentHash, entry);
      return measured(issuer.name, result);
    };
    const running = flights.running(sentHash);
    if (running !== undefined) return running.then(accept);
    const verified = verifyCandidate(candidate, clock);
    return verified instanceof Promise ? flights.share(sentHash, verified).then(accept) : accept(verified);
  }

  return function verify({ token }, trust) {
    if (token.length > MAX_CREDENTIAL_LENGTH)
      return deny('credential_malformed', 'the token is longer than 16 KiB');
    const sentHash = hash('sha256', token);
    const cached = cache.get(sentHash);
    // If the key was withdrawn or the key set is stale, verify again, which can fetch the keys.
    if (cached !== undefined && cached.key.alive && cached.issuer.keys.usable()) {
      meter.cacheHit('id_token');
      return checkUse(cached, trust, clock.now());
    }
    meter.cacheMiss('id_token');
    return verifyUncached(token, sentHash, trust);
  };
}

/** Returns the cache without the tokens of removed issuers. */
export function withoutTokensOf(removed: readonly Issuer[], cache: IdTokenCache): IdTokenCache {
  // Keep the same cache if possible: requests in flight still add entries to it.
  if (removed.length === 0) return cache;
  const remaining = createVerificationCache<VerifiedIdToken>();
  // Start with the least recently used entry, to keep the order.
  for (const sentHash of cache.rkeys()) {
    const entry = cache.peek(sentHash);
    if (entry !== undefined && !removed.includes(entry.issuer)) remaining.set(sentHash, entry);
  }
  return remaining;
}

/** The checks at every use of a verified token: issuer and audience of the service, and expiry. */
function checkUse(entry: VerifiedIdToken, trust: Trust, now: number): VerifiedCredential | Deny {
  const accepted = trust.get(entry.issuer);
  if (accepted === undefined) return notTrusted(entry.issuer);
  const expired = checkExpiry(entry.verified.expiresAt, now);
  if (expired !== undefined) return expired;
  for (const audience of entry.audiences) if (accepted.has(audience)) return entry.verified;
  const detail = `aud ${quoted(entry.audiences.join(' '))} is not accepted by this service`;
  return { ...deny('audience_mismatch', detail), message: audienceMismatch(accepted) };
}

function notTrusted({ name, url }: Issuer): Deny {
  const detail = `this service does not accept issuer ${name}`;
  return { ...deny('issuer_unknown', detail), message: issuerUnknown(url) };
}
