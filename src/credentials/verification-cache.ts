import { LRUCache } from 'lru-cache';

/** What a class of credential remembers of a good one. */
export interface CacheEntry {
  /** Characters that it keeps in memory, roughly; at least 1. */
  readonly size: number;
}

export const MAX_ENTRIES = 10_000;
const MAX_CHARACTERS = 32 * 1024 * 1024;

/**
 * By the hash of the token as sent, signature included; one cache per class, so that a token known as one is not known as another.
 * Least recently used goes first. No `ttl`: lru-cache reads 0 and NaN as "for ever", so expiry is asked by
 * us at each hit. Only good tokens are kept: made-up ones cannot push them out.
 */
export type VerificationCache<E extends CacheEntry> = LRUCache<string, E>;

export function createVerificationCache<E extends CacheEntry>(): VerificationCache<E> {
  return new LRUCache<string, E>({
    max: MAX_ENTRIES,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (entry) => entry.size,
  });
}
