import { expect, test } from 'vitest';
import { remember } from '../../../../src/util/text/remember.ts';

function counted() {
  const computed: string[] = [];
  const upperCase = remember((text) => {
    computed.push(text);
    return text.toUpperCase();
  });
  return { computed, upperCase };
}

test('a result is computed once', () => {
  const { computed, upperCase } = counted();
  expect(upperCase('a')).toBe('A');
  expect(upperCase('b')).toBe('B');
  expect(upperCase('a')).toBe('A');
  expect(computed).toEqual(['a', 'b']);
});

test('a full cache starts again', () => {
  const { computed, upperCase } = counted();
  for (let i = 0; i < 101; i += 1) upperCase(`text ${i}`);
  expect(upperCase('text 100')).toBe('TEXT 100');
  expect(computed).toHaveLength(101);
  expect(upperCase('text 0')).toBe('TEXT 0');
  expect(computed).toHaveLength(102);
});

test('the result of a long text is computed each time', () => {
  const { computed, upperCase } = counted();
  const long = 'a'.repeat(1025);
  expect(upperCase(long)).toBe(upperCase(long));
  expect(computed).toHaveLength(2);
});
