import { expect, test } from 'vitest';
import { ExpiryBuckets } from '../../../../src/util/limits/expiry-buckets.ts';

const MINUTE = 60_000;

test('names what has ended, to the minute, until it is deleted', () => {
  const buckets = new ExpiryBuckets();
  buckets.add('one', 1_000);
  buckets.add('two', 90_000);
  buckets.add('never', Infinity);
  expect(buckets.ended(0, 10)).toEqual([]);
  expect(buckets.ended(MINUTE, 10)).toEqual(['one']);
  expect(buckets.ended(MINUTE, 10)).toEqual(['one']);
  expect(buckets.ended(3 * MINUTE, 10)).toEqual(['one', 'two']);
  buckets.delete('one', 1_000);
  expect(buckets.ended(3 * MINUTE, 10)).toEqual(['two']);
  buckets.delete('two', 90_000);
  expect(buckets.ended(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
});

test('names a part at a time', () => {
  const buckets = new ExpiryBuckets();
  for (let n = 0; n < 25; n++) buckets.add(`id-${n}`, n * 1_000);
  const seen: string[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const ended = buckets.ended(MINUTE, 10);
    for (const id of ended) buckets.delete(id, Number(id.slice(3)) * 1_000);
    seen.push(...ended);
  }
  expect(seen).toHaveLength(25);
  expect(buckets.ended(MINUTE, 10)).toEqual([]);
});

test('takes what is added with an end before all others, also after a look', () => {
  const buckets = new ExpiryBuckets();
  buckets.add('late', 100 * MINUTE);
  expect(buckets.ended(50 * MINUTE, 10)).toEqual([]);
  buckets.add('early', MINUTE);
  expect(buckets.ended(50 * MINUTE, 10)).toEqual(['early']);
});

test('forgets nothing where another id of the same minute is deleted', () => {
  const buckets = new ExpiryBuckets();
  buckets.add('a', MINUTE);
  buckets.add('b', MINUTE);
  buckets.delete('a', MINUTE);
  buckets.delete('unknown', 9 * MINUTE);
  expect(buckets.ended(MINUTE, 10)).toEqual(['b']);
});
