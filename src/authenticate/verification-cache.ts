import { LRUCache } from 'lru-cache';
import type { VerifiedCredential } from '../contract/credential.ts';
import type { Issuer } from './compile-issuers.ts';
import type { KeyHandle } from './parse-key-set.ts';

/** An id token whose signature and claims were found good, with all that must be asked again at each use. */
export interface CacheEntry {
  readonly verified: VerifiedCredential;
  readonly issuer: Issuer;
  readonly key: KeyHandle;
  readonly audiences: readonly string[];
  /** Characters of the token. */
  readonly size: number;
}

export const MAX_ENTRIES = 10_000;
const MAX_CHARACTERS = 32 * 1024 * 1024;

/**
 * Least recently used goes first. No `ttl`: lru-cache reads 0 and NaN as "for ever", so expiry is asked by
 * us at each hit. Only good tokens are kept: what was refused, or could not be decided, is asked anew.
 */
export type VerificationCache = LRUCache<string, CacheEntry>;

export function createVerificationCache(): VerificationCache {
  return new LRUCache({
    max: MAX_ENTRIES,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (entry) => entry.size,
  });
}
