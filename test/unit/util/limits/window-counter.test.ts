import { expect, test } from 'vitest';
import { WindowCounter } from '../../../../src/util/limits/window-counter.ts';

test('counts by key, from the first of a window', () => {
  let now = 0;
  const counter = new WindowCounter(() => now);
  expect(counter.add('a', 100)).toEqual({ count: 1, resetsIn: 100, repeated: false });
  now = 60;
  expect(counter.add('a', 100)).toEqual({ count: 2, resetsIn: 40, repeated: false });
  expect(counter.add('b', 100)).toEqual({ count: 1, resetsIn: 100, repeated: false });
  now = 100;
  expect(counter.add('a', 100)).toEqual({ count: 1, resetsIn: 100, repeated: false });
});

test('adopts a higher count of other replicas, never a lower one', () => {
  const counter = new WindowCounter(() => 0);
  counter.add('a', 100);
  counter.raise('a', 5);
  counter.raise('a', 2);
  counter.raise('nobody', 9);
  expect(counter.add('a', 100).count).toBe(6);
  expect(counter.add('nobody', 100).count).toBe(1);
});

test('is bounded: the oldest key goes', () => {
  const counter = new WindowCounter(() => 0, 2);
  for (const key of ['a', 'b', 'c']) counter.add(key, 100);
  expect(counter.add('b', 100).count).toBe(2);
  expect(counter.add('a', 100).count).toBe(1);
});

test('if the clock is set back, a window ends after its length', () => {
  let now = 1_000_000;
  const counter = new WindowCounter(() => now);
  counter.add('a', 100);
  now = 0;
  expect(counter.add('a', 100)).toEqual({ count: 2, resetsIn: 100, repeated: false });
  now = 100;
  expect(counter.add('a', 100)).toEqual({ count: 1, resetsIn: 100, repeated: false });
});

test('counts a member once per window', () => {
  let now = 0;
  const counter = new WindowCounter(() => now);
  expect([1, 2, 3].map(() => counter.add('a', 100, 'x').count)).toEqual([1, 1, 1]);
  expect(counter.add('a', 100, 'y')).toEqual({ count: 2, resetsIn: 100, repeated: false });
  expect(counter.add('a', 100, 'x')).toEqual({ count: 2, resetsIn: 100, repeated: true });
  now = 100;
  expect(counter.add('a', 100, 'x')).toEqual({ count: 1, resetsIn: 100, repeated: false });
});
