import { LRUCache } from 'lru-cache';

/** An entry of a verification cache. */
export interface CacheEntry {
  /** Approximate memory use, in characters; at least 1. */
  readonly size: number;
}

export const MAX_ENTRIES = 10_000;
const MAX_CHARACTERS = 32 * 1024 * 1024;

/**
 * Verified credentials of one class, by the hash over the whole token, with its signature. Each class has a
 * separate cache. The least recently used entry is evicted first. Only verified tokens are added, so forged
 * ones cannot evict them. The cache has no `ttl`, which lru-cache disables for 0 and NaN: the expiry is
 * checked at each hit.
 */
export type VerificationCache<E extends CacheEntry> = LRUCache<string, E>;

export function createVerificationCache<E extends CacheEntry>(): VerificationCache<E> {
  return new LRUCache<string, E>({
    max: MAX_ENTRIES,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (entry) => entry.size,
  });
}
