import { expect, test } from 'vitest';
import { jsonText, jsonTextUpTo } from '../../../../src/util/json/text.ts';

test.each([
  ['plain', '/v1/list?', '"/v1/list?"'],
  ['quote and backslash', 'a"b\\c', String.raw`"a\"b\\c"`],
  ['line ends', 'a\r\nb', String.raw`"a\r\nb"`],
  ['ANSI', '\u001b[31mred', String.raw`"\u001b[31mred"`],
  ['C1 form of ANSI', '\u009b31mred', String.raw`"\u009b31mred"`],
  ['NEL and DEL', '\u0085\u007f', String.raw`"\u0085\u007f"`],
  ['separators', '\u2028\u2029', String.raw`"\u2028\u2029"`],
  ['bidirectional', '\u202etxt', String.raw`"\u202etxt"`],
  ['lone surrogates', '\ud800x\udc00', String.raw`"\ud800x\udc00"`],
  ['letters of the world stay', 'Zoë 日本 🚀', '"Zoë 日本 🚀"'],
])('%s', (_, text, expected) => {
  expect(jsonText(text)).toBe(expected);
  expect(JSON.parse(jsonText(text))).toBe(text);
});

test('cuts what is too long, and says so', () => {
  expect(jsonTextUpTo(3, 'abc')).toBe('"abc"');
  expect(jsonTextUpTo(3, 'abcd')).toBe('"abc…"');
  expect(jsonTextUpTo(1, '🚀🚀')).toBe(String.raw`"\ud83d…"`);
});
