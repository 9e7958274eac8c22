import { expect, test } from 'vitest';
import { containsCredential, redactCredentials } from '../../../src/core/credentials/credential-pattern.ts';

const JWT = `eyJ${'h'.repeat(20)}.eyJ${'p'.repeat(20)}.${'s'.repeat(20)}`;
const DEPLOY_SECRET = `ghdt_orders_${'5e'.repeat(32)}`;

test.each([
  ['a JWT', JWT, '[credential]'],
  ['a JWT in a text', `aud=${JWT} is wrong`, 'aud=[credential] is wrong'],
  ['a JWT after other token characters', `token-${JWT}`, '[credential]'],
  ['the five parts of a JWE', `${JWT}.${'t'.repeat(9)}.${'u'.repeat(9)}`, '[credential]'],
  ['a JWT after an incomplete one', `eyJ${'x'.repeat(9)}.y/${JWT}`, `eyJ${'x'.repeat(9)}.y/[credential]`],
  ['a deploy token that ends in a JWT', `${DEPLOY_SECRET}${JWT}`, '[credential]'],
  ['a job token in a path', '/x/glcbt-64_abcdefghij/y', '/x/[credential]/y'],
  ['an installation token of GitHub, in its form since 2026', `x ghs_4711_${JWT}-_ y`, 'x [credential] y'],
  ['two tokens', `${JWT} ${DEPLOY_SECRET}`, '[credential] [credential]'],
])('redacts %s', (_, text, expected) => {
  expect(redactCredentials(text)).toBe(expected);
  expect(containsCredential(text)).toBe(true);
});

test('other texts are unchanged', () => {
  const text = 'eyJ.a.b /orders/eyJshort.x refs/heads/gl-fix ghost_writer';
  expect(redactCredentials(text)).toBe(text);
  expect(containsCredential(text)).toBe(false);
});

test.each(['eyJ', 'eyJ-', 'eyJaaaaaaaaa.', 'eyJaaaaaaaaa.b.', 'glpat-', 'gl-', 'a-'])(
  'the time for "%s", repeated, is linear',
  (unit) => {
    const text = unit.repeat(1_000_000 / unit.length);
    const started = performance.now();
    containsCredential(text);
    redactCredentials(text);
    // A quadratic search of 1 MB takes half an hour.
    expect(performance.now() - started).toBeLessThan(5_000);
  },
);
