import { describe, expect, test } from 'vitest';
import { findDuplicateKey } from '../../../../src/util/json/duplicate-keys.ts';
import { parseJsonObject } from '../../../../src/util/json/object.ts';

describe('findDuplicateKey', () => {
  test.each([
    ['{}', undefined],
    ['{"a":1,"b":2}', undefined],
    ['{"a":1,"a":1}', 'a'],
    ['{"sub":1,"su\\u0062":2}', 'sub'],
    ['{"a":{"b":1,"b":2}}', 'b'],
    ['[{"a":1},{"a":1}]', undefined],
    ['{"a":[{"c":1,"c":2}]}', 'c'],
    ['{"a":{"a":{"a":1}}}', undefined],
    ['{"a":{},"a":[]}', 'a'],
    ['{"a":"b","b":"a"}', undefined],
    ['{"a":["a","a"]}', undefined],
    ['{"a":"\\",\\"a\\":","b":1}', undefined],
    ['{"a\\\\":1,"a":2}', undefined],
    [' { "a" : 1 , "a" : 2 } ', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"":1,"":2}', ''],
  ])('%s → %s', (json, expected) => {
    JSON.parse(json);
    expect(findDuplicateKey(json)).toBe(expected);
  });

  test('does not recurse', () => {
    const depth = 50_000;
    expect(findDuplicateKey('['.repeat(depth) + ']'.repeat(depth))).toBeUndefined();
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
