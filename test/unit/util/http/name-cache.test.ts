import { expect, test } from 'vitest';
import { cacheByName } from '../../../../src/util/http/name-cache.ts';

test('computes the result of a name once', () => {
  const computed: string[] = [];
  const lower = cacheByName((name) => (computed.push(name), name.toLowerCase()));
  expect([lower('Host'), lower('Host'), lower('HOST')]).toEqual(['host', 'host', 'host']);
  expect(computed).toEqual(['Host', 'HOST']);
});

test('keeps a result of false', () => {
  let computed = 0;
  const isHost = cacheByName((name) => (computed++, name === 'Host'));
  expect([isHost('Via'), isHost('Via')]).toEqual([false, false]);
  expect(computed).toBe(1);
});

test('computes further names and long names each time', () => {
  const computed: string[] = [];
  const lower = cacheByName((name) => (computed.push(name), name.toLowerCase()), 1);
  const long = 'A'.repeat(65);
  for (const name of [long, 'Host', 'Via', long, 'Host', 'Via']) expect(lower(name)).toBe(name.toLowerCase());
  expect(computed).toEqual([long, 'Host', 'Via', long, 'Via']);
});
