import { describe, expect, test } from 'vitest';
import { hasDuplicateKey } from '../../../../src/util/json/duplicate-keys.ts';
import { parseJsonObject } from '../../../../src/util/json/object.ts';

describe('hasDuplicateKey', () => {
  test.each([
    ['{}', false],
    ['{"a":1,"b":2}', false],
    ['{"a":1,"a":1}', true],
    ['{"sub":1,"su\\u0062":2}', true],
    ['{"a":{"b":1,"b":2}}', true],
    ['[{"a":1},{"a":1}]', false],
    ['{"a":[{"c":1,"c":2}]}', true],
    ['{"a":{"a":{"a":1}}}', false],
    ['{"a":{},"a":[]}', true],
    ['{"a":"b","b":"a"}', false],
    ['{"a":["a","a"]}', false],
    ['{"a":"\\",\\"a\\":","b":1}', false],
    ['{"a\\\\":1,"a":2}', false],
    [' { "a" : 1 , "a" : 2 } ', true],
    ['{"a:b":"c:d","e":"\\\\","f":1}', false],
    ['{"1":1,"\\u0031":2}', true],
    ['{"__proto__":1,"__proto__":2}', true],
    ['{"":1,"":2}', true],
  ])('%s → %s', (json, expected) => {
    expect(hasDuplicateKey(json, JSON.parse(json))).toBe(expected);
  });

  test('does not recurse', () => {
    const depth = 50_000;
    const json = '['.repeat(depth) + ']'.repeat(depth);
    expect(hasDuplicateKey(json, JSON.parse(json))).toBe(false);
  });

  // JSON.stringify is recursive for these.
  test.each([1000, 2000, 8000, 50_000])('does not recurse for a member toJSON at depth %d', (depth) => {
    const json = `{"toJSON":1,"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(hasDuplicateKey(json, JSON.parse(json))).toBe(false);
    expect(hasDuplicateKey(json.replace('1', '1,"a":1'), JSON.parse(json))).toBe(true);
  });

  test.each([
    ['{"a":1e1}', false],
    ['{"a":1e3,"a":1e3}', true],
    ['{"2":1,"1":2}', false],
    ['{"toJSON":{"a":1,"a":1}}', true],
  ])('written differently: %s → %s', (json, expected) => {
    expect(hasDuplicateKey(json, JSON.parse(json))).toBe(expected);
  });
});

describe('parseJsonObject', () => {
  test.each([
    ['UTF-8', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d]), 'is not UTF-8'],
    ['syntax', Buffer.from('{"a":}'), 'is not JSON'],
    ['byte order mark', Buffer.from('\ufeff{}'), 'is not JSON'],
    ['trailing text', Buffer.from('{} {}'), 'is not JSON'],
    ['array', Buffer.from('[]'), 'is not a JSON object'],
    ['null', Buffer.from('null'), 'is not a JSON object'],
    ['number', Buffer.from('1'), 'is not a JSON object'],
    ['duplicates', Buffer.from('{"a":1,"a":2}'), 'names a member twice'],
  ])('%s', (_name, bytes, detail) => {
    expect(parseJsonObject(bytes)).toEqual({ kind: 'invalid', detail });
  });

  test('one object', () => {
    expect(parseJsonObject(Buffer.from(' {"ä":[1]} '))).toEqual({ kind: 'object', value: { ä: [1] } });
  });
});
