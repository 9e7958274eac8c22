import { LRUCache } from 'lru-cache';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import { MAX_ENTRIES, createVerificationCache } from '../verification-cache.ts';

/** Results of introspection. Refusals have a separate cache: forged tokens cannot evict confirmed ones. */
export interface ResultCache {
  /** Returns a fresh result; undefined if the credential must be introspected. */
  find(key: string, now: number): VerifiedCredential | Deny | undefined;
  /** Whether the last result was a confirmation, fresh or not. */
  isConfirmed(key: string): boolean;
  setConfirmed(key: string, at: number, verified: VerifiedCredential): void;
  setRefused(key: string, at: number, refusal: Deny): void;
}

interface Timed {
  /** Time of GitLab's response; milliseconds since the epoch. */
  readonly at: number;
}

/** Lifetimes are in milliseconds. */
export function createResultCache(lifetimes: {
  readonly confirmed: number;
  readonly refused: number;
}): ResultCache {
  const confirmed = createVerificationCache<
    Timed & { readonly verified: VerifiedCredential; readonly size: number }
  >();
  const refused = new LRUCache<string, Timed & { readonly refusal: Deny }>({ max: MAX_ENTRIES });

  return {
    find(key, now) {
      const confirmation = confirmed.get(key);
      if (confirmation !== undefined && isFresh(confirmation, lifetimes.confirmed, now)) {
        return confirmation.verified;
      }
      const denial = refused.get(key);
      return denial !== undefined && isFresh(denial, lifetimes.refused, now) ? denial.refusal : undefined;
    },
    isConfirmed: (key) => confirmed.has(key),
    setConfirmed(key, at, verified) {
      confirmed.set(key, { at, verified, size: JSON.stringify(verified.claims).length });
    },
    setRefused(key, at, refusal) {
      confirmed.delete(key);
      refused.set(key, { at, refusal });
    },
  };
}

/** A negative age means that the clock was set back; the result must not stay valid for that long. */
function isFresh({ at }: Timed, lifetime: number, now: number): boolean {
  const age = now - at;
  return age >= 0 && age < lifetime;
}
