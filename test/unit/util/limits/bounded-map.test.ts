import { expect, test } from 'vitest';
import { BoundedMap } from '../../../../src/util/limits/bounded-map.ts';

test('removes the oldest key beyond the limit', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('c', 3);
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([undefined, 2, 3]);
  expect([map.has('a'), map.has('b')]).toEqual([false, true]);
});

test('a new value keeps the age of its key, a deleted key is new again', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  map.set('c', 4);
  expect(map.get('a')).toBeUndefined();
  map.delete('b');
  map.set('b', 5);
  map.set('d', 6);
  expect(map.get('c')).toBeUndefined();
  expect(map.get('b')).toBe(5);
});

test('a full map takes new values of its keys', () => {
  const map = new BoundedMap<string, number>(1);
  map.set('a', 1);
  map.set('a', 2);
  expect(map.get('a')).toBe(2);
});

test('undefined is a key like any other', () => {
  const map = new BoundedMap<string | undefined, number>(1);
  map.set(undefined, 1);
  map.set('a', 2);
  expect(map.has(undefined)).toBe(false);
});
