import { describe, expect, it } from 'vitest';
import { compileGlob, globTokens } from '../../../../src/util/text/glob.ts';

describe('compileGlob', () => {
  const table: readonly (readonly [
    pattern: string,
    matches: readonly string[],
    differs: readonly string[],
  ])[] = [
    // The shapes that have a fast path.
    ['', [''], ['a']],
    ['acme/app', ['acme/app'], ['acme/App', 'acme/app-evil', 'acme/app/x', 'x/acme/app', '']],
    ['**', ['', 'a', 'a/b:c/d'], []],
    ['acme/**', ['acme', 'acme/', 'acme/a', 'acme/a/b'], ['acme-evil/a', 'acmea', 'x/acme/a', 'ACME/a']],
    ['acme/*', ['acme/a', 'acme/', 'acme/a:b'], ['acme', 'acme/a/b', 'acme/a/', 'xacme/a']],
    ['acme**', ['acme', 'acme/a', 'acmea'], ['acm', 'xacme']],
    ['acme*', ['acme', 'acmea'], ['acme/', 'acm']],
    // The matcher.
    ['*', ['', 'a', 'a:b'], ['a/b', '/']],
    ['*/*', ['a/b', '/'], ['a', 'a/b/c']],
    ['*/**', ['a', 'a/b', 'a/b/c', ''], []],
    ['/**', ['/', '/a/b'], ['', 'a/b']],
    ['**/api', ['a/api', 'a/b/api', '/api'], ['api', 'a/apis', 'a/api/x']],
    ['a*b*c', ['abc', 'aXbXbc', 'abcbc'], ['ab', 'a/bc', 'abc/', 'abcd']],
    ['**a*b', ['ab', 'x/ab', 'a/aab', 'aaab', 'a/b/ab'], ['a/b', 'ab/', 'aaa/aab/aa']],
    ['a**b*c**d', ['abcd', 'a/b/bc/d', 'abXc/x/d'], ['ab/cd', 'abc', 'abdc']],
    ['*a**b', ['ab', 'xaxb', 'axbb', 'a/b'], ['a', 'b', '/ab', 'ba']],
    ['**/a*/b*', ['/a/b', 'x/ax/bx', '/a/a/b', '/a/x/a/b'], ['/a/x/b', 'a/b', '/a/b/c']],
    ['***', ['', 'a/b'], []],
    ['a/**/b', ['a//b', 'a/x/b', 'a/x/y/b'], ['a/b', 'a/xb']],
    // Everything else is a plain character (P11: no alternative can leave the anchors).
    ['a|b', ['a|b'], ['a', 'b']],
    ['a.c', ['a.c'], ['abc']],
    ['[ab]?{c,d}^$\\*', ['[ab]?{c,d}^$\\x'], ['a?c', 'a']],
  ];

  it.each(table)('%j', (pattern, matches, differs) => {
    const glob = compileGlob(pattern);
    expect(matches.filter((text) => !glob.test(text))).toEqual([]);
    expect(differs.filter((text) => glob.test(text))).toEqual([]);
  });

  it.each([
    ['release/*', 'release/1', true],
    ['release/*', 'release/1:2', false],
    ['*', 'a:b', false],
    ['*:*', 'a:b', true],
    ['*:*', 'a:b:c', false],
    ['repo:**:ref', 'repo:a/b:c:ref', true],
    ['**a*b', 'a:ab', true],
    ['**a*b', 'a:b', false],
  ])('with ":" as a separator too: %j on %j is %j', (pattern, text, expected) => {
    expect(compileGlob(pattern, { separators: '/:' }).test(text)).toBe(expected);
  });

  it.each(['acme/**', '*/**', 'a/*/**'])('omits the base of %j on request', (pattern) => {
    const base = pattern.slice(0, -'/**'.length).replaceAll('*', 'x');
    expect(compileGlob(pattern).test(base)).toBe(true);
    expect(compileGlob(pattern, { matchBase: false }).test(base)).toBe(false);
    expect(compileGlob(pattern, { matchBase: false }).test(`${base}/`)).toBe(true);
  });

  it('takes the text of literal tokens as it is', () => {
    const glob = compileGlob([
      { kind: 'literal', text: 'a/' },
      { kind: 'literal', text: '**' },
      { kind: 'literal', text: '/' },
      { kind: 'star' },
    ]);
    expect(glob.test('a/**/x')).toBe(true);
    expect(glob.test('a/b/x')).toBe(false);
  });

  it('merges literals, so that a base is found across them', () => {
    const glob = compileGlob([
      { kind: 'literal', text: 'acme' },
      { kind: 'literal', text: '/' },
      { kind: 'globstar' },
    ]);
    expect(glob.test('acme')).toBe(true);
  });

  it.each([
    ['**a*b*a*b', 'ab'],
    ['**a*b/c', 'a'],
    ['**a**a**a**a**a**a**b', 'a'],
    ['**a*/b*c', 'a'],
    ['a*a*a*a*a*a*a*a*a*b', 'a'],
  ])('does not blow up on %j', { timeout: 10_000 }, (pattern, unit) => {
    // With backtracking over every wildcard, or from every start, these would take minutes.
    const glob = compileGlob(pattern);
    expect(glob.test(`${unit.repeat(100_000)}/`)).toBe(false);
    expect(glob.test(`${unit.repeat(100_000)}/bx/`)).toBe(false);
  });
});

describe('globTokens', () => {
  it.each([
    ['a*b**c', ['a', 'star', 'b', 'globstar', 'c']],
    ['*', ['star']],
    ['****', ['globstar']],
    ['', []],
  ])('%j', (pattern, expected) => {
    expect(globTokens(pattern).map((token) => (token.kind === 'literal' ? token.text : token.kind))).toEqual(
      expected,
    );
  });
});
