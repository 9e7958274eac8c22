import { expect, test } from 'vitest';
import { hint } from '../../../src/config/problems/suggest.ts';
import { closest } from '../../../src/util/text/closest.ts';

test.each([
  ['isuer', ['issuer', 'issuers'], 'issuer'],
  ['ROLES', ['roles'], 'roles'],
  ['glbo', ['glob', 'in'], 'glob'],
  ['RS265', ['RS256', 'RS512'], 'RS256'],
  ['x', ['in', 'glob'], undefined],
  ['in', ['in'], 'in'],
  ['', ['abc'], undefined],
  ['completely', ['different'], undefined],
])('%s is probably %s: %s', (text, names, expected) => {
  expect(closest(text, names)).toBe(expected);
});

test('without a likely name, what there is', () => {
  expect(hint('x', ['alpha', 'beta'])).toBe('; known: alpha, beta');
  expect(hint('x', [])).toBe('; there are none');
  expect(
    hint(
      'x',
      Array.from({ length: 20 }, (_, index) => `name-${index}`),
    ),
  ).toMatch(/name-15, and 4 more$/);
});
