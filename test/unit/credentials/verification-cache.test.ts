import { expect, test } from 'vitest';
import { MAX_ENTRIES, createVerificationCache } from '../../../src/credentials/verification-cache.ts';
import type { CacheEntry } from '../../../src/credentials/verification-cache.ts';

/** The cache reads only the size. */
const entry = (size: number): CacheEntry => ({ size });

test('holds a limited number of tokens; the least recently used is evicted first', () => {
  const cache = createVerificationCache();
  for (let at = 0; at < MAX_ENTRIES; at++) cache.set(`${at}`, entry(1_000));
  cache.get('0');
  cache.set('one more', entry(1_000));
  expect(cache.size).toBe(MAX_ENTRIES);
  expect([cache.has('0'), cache.has('1')]).toEqual([true, false]);
});

test('holds fewer long tokens', () => {
  const cache = createVerificationCache();
  for (let at = 0; at < MAX_ENTRIES; at++) cache.set(`${at}`, entry(16_384));
  expect(cache.size).toBe(2_048);
});
