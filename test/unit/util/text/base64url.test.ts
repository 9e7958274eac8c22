import { expect, test } from 'vitest';
import { decodeBase64url } from '../../../../src/util/text/base64url.ts';

test.each(['', 'YQ', 'YWI', 'YWJj', '-_8'])('reads %j', (text) => {
  expect(decodeBase64url(text)?.toString('base64url')).toBe(text);
});

test.each([
  ['padding', 'YQ=='],
  ['spare bits', 'YR'],
  ['one character', 'Y'],
  ['foreign character', 'YW I'],
  ['newline', 'YWI\n'],
  ['standard alphabet', '+/8'],
  ['non-ASCII', 'YWJé'],
])('refuses %s', (_name, text) => {
  expect(decodeBase64url(text)).toBeUndefined();
});
