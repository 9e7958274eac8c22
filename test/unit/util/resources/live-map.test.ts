import { describe, expect, test } from 'vitest';
import { LiveMap } from '../../../../src/util/resources/live-map.ts';

function keyed(...names: readonly string[]) {
  const keys = names.map((name) => ({ name }));
  const map = new LiveMap<{ readonly name: string }, number>();
  for (const [index, key] of keys.entries()) map.set(key, index);
  const text = (): string => Array.from(map.entries(), ([{ name }, value]) => `${name}${value}`).join(' ');
  return { map, keys, shown: text };
}

describe('LiveMap', () => {
  test.each([
    ['the first', 0, 'b1 c2'],
    ['one between', 1, 'a0 c2'],
    ['the last', 2, 'a0 b1'],
  ])('deletes %s entry and keeps the order of the others', (_, at, left) => {
    const { map, keys, shown } = keyed('a', 'b', 'c');
    const [key] = keys.slice(at);
    if (key !== undefined) map.delete(key);
    expect([shown(), map.size]).toEqual([left, 2]);
  });

  test('a deleted key is inserted at the end, and a present one keeps its place', () => {
    const { map, keys, shown } = keyed('a', 'b', 'c');
    const [a, b] = keys;
    if (a === undefined || b === undefined) throw new Error('no keys');
    map.delete(a);
    map.delete(a);
    map.set(a, 7);
    map.set(b, 8);
    expect([shown(), map.size, map.get(a), map.oldest()]).toEqual(['b8 c2 a7', 3, 7, [b, 8]]);
  });

  test('a key of several maps has a value in each', () => {
    const { map, keys } = keyed('a');
    const other = new LiveMap<object, string>();
    const [a] = keys;
    if (a === undefined) throw new Error('no key');
    other.set(a, 'other');
    map.delete(a);
    expect([map.get(a), map.size, map.oldest(), other.get(a)]).toEqual([undefined, 0, undefined, 'other']);
  });

  test('a loop over the entries does not reach the deleted ones', () => {
    const { map, keys, shown } = keyed('a', 'b', 'c');
    const [a, b] = keys;
    if (a === undefined || b === undefined) throw new Error('no keys');
    const seen: string[] = [];
    for (const [key] of map.entries()) {
      seen.push(key.name);
      map.delete(b);
      map.delete(key);
    }
    expect([seen, shown()]).toEqual([['a', 'c'], '']);
  });

  test('a loop over the keys may delete them', () => {
    const { map, keys } = keyed('a', 'b');
    const seen: string[] = [];
    for (const { name } of map.keys()) {
      seen.push(name);
      for (const key of keys) map.delete(key);
    }
    expect([seen, map.size]).toEqual([['a', 'b'], 0]);
  });
});
