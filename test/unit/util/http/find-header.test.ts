import { expect, test } from 'vitest';
import { findHeader, headerValues } from '../../../../src/util/http/header-name.ts';

const HEADERS = [
  'Host',
  'a',
  'USER_AGENT',
  'first',
  'User-Agent',
  'second',
  'User-Agents',
  'other',
  'User.Agent',
  'x',
];

test('a header is found in every case and with underscores, and in no other spelling', () => {
  expect(findHeader(HEADERS, 'user-agent')).toBe('first');
  expect(headerValues(HEADERS, 'user-agent')).toEqual(['first', 'second']);
  expect(findHeader(HEADERS, 'user-agen')).toBeUndefined();
});

test('a name that a case conversion makes longer is another name', () => {
  expect(findHeader(['HOST\u0130', 'a'], 'hosti')).toBeUndefined();
  // The Kelvin sign is lowercased to k.
  expect(findHeader(['\u212aey', 'a'], 'key')).toBe('a');
});
