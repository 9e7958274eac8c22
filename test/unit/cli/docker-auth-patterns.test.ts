import { describe, expect, test } from 'vitest';
import { AccountAccess } from '../../../src/cli/import/docker-auth/account-access.ts';
import type { AclRule } from '../../../src/cli/import/docker-auth/acl.ts';
import { matchesGoGlob } from '../../../src/cli/import/docker-auth/go-glob.ts';
import { patternsOfGoRegex } from '../../../src/cli/import/docker-auth/go-regex.ts';
import { Differences } from '../../../src/cli/import/imported.ts';
import { compileGlob } from '../../../src/util/text/glob.ts';

const SEGMENTS = ['a', 'ab', 'acme', 'base', 'x1', 'web-ui', 'a.b', 'foo', 'foobar', 'test-1', 'main'];

/** Repository names of one to three segments. */
const NAMES = SEGMENTS.flatMap((first) => [
  first,
  ...SEGMENTS.map((second) => `${first}/${second}`),
  ...SEGMENTS.map((third) => `${first}/base/${third}`),
]);

describe('repository names of a regular expression', () => {
  test.each([
    ['^acme/.*$', ['acme/*/**']],
    ['^acme/.+$', ['acme/*/**']],
    ['^acme/[^/]+$', ['acme/*']],
    ['^acme/[a-z0-9._-]+$', ['acme/*']],
    ['(foo|bar)', ['**foo**', '**bar**']],
    ['^(?:acme|foo)/base$', ['acme/base', 'foo/base']],
    ['^(acme|web-ui)(/base)?$', ['acme/base', 'acme', 'web-ui/base', 'web-ui']],
    ['/base$', ['**/base']],
    [String.raw`^a\.b/.*`, ['a.b/*/**']],
    ['^.+$', ['**']],
    ['^foo.*$', ['foo**']],
    ['^[^/]+/base/[^/]+$', ['*/base/*']],
    ['^Acme$', []],
    ['^acme/?$', ['acme']],
  ])('%s', (expression, patterns) => {
    const result = patternsOfGoRegex(expression);
    expect(result).toEqual(patterns.map((pattern) => ({ pattern, exact: true })));
    const globs = result.map(({ pattern }) => compileGlob(pattern));
    const search = new RegExp(expression);
    for (const name of NAMES)
      expect([name, globs.some((glob) => glob.test(name))]).toEqual([name, search.test(name)]);
  });

  test.each([
    '^acme/[a-z]+$',
    '^foo.+$',
    '^a?b$|x{2}',
    '(?i)^ACME/.*$',
    String.raw`^\d+/\w*$`,
    '^acme.base$',
    '^(a|b)+$',
    'a^b',
    '$a',
    '[[:alpha:]]+',
    '^((((((((((((((((((a))))))))))))))))))$',
    '(?P<x>a)(?=b)',
    '^acme/[^a]*$',
  ])('%s has only wider patterns, and says so', (expression) => {
    const result = patternsOfGoRegex(expression);
    expect(result.some(({ exact }) => !exact)).toBe(true);
    const globs = result.map(({ pattern }) => compileGlob(pattern));
    const search = /^\(\?i\)|\[\[:|\?P/.test(expression) ? /(?!)/ : new RegExp(expression);
    const missed = NAMES.filter((name) => search.test(name) && !globs.some((glob) => glob.test(name)));
    expect(missed).toEqual([]);
  });
});

test.each([
  ['*', 'alice', true],
  ['*', 'a/b', false],
  ['al?ce', 'alice', true],
  ['[a-c]lice', 'alice', true],
  ['[^a]lice', 'alice', false],
  [String.raw`a\*`, 'a*', true],
  [String.raw`a\*`, 'ab', false],
  ['a[', 'a[', false],
  ['a.c', 'abc', false],
  ['', '', true],
  ['*@example.com', 'bob@example.com', true],
])('the glob %s against %s: %s', (pattern, text, expected) => {
  expect(matchesGoGlob(pattern, text)).toBe(expected);
});

describe('the first matching rule decides', () => {
  const rule = (
    line: number,
    name: string | undefined,
    actions: readonly string[],
    other: string[] = [],
  ): AclRule => ({
    line,
    account: undefined,
    type: undefined,
    name,
    labels: new Map(),
    otherConditions: other,
    actions,
  });
  function access(...rules: readonly AclRule[]) {
    const differences = new Differences('auth_config.yml');
    const account = new AccountAccess({ line: 1, account: 'ci', labels: new Map() }, differences);
    for (const each of rules) account.add(each);
    const grants = account
      .grants()
      .map(({ scopes, resources }) => `${scopes.join('+')} ${resources.join(' ')}`);
    return { grants, differences: differences.list().map(({ line, message }) => `${line} ${message}`) };
  }

  test('a rule below one that matches all of its names has no effect', () => {
    expect(access(rule(1, 'acme/*', ['pull']), rule(2, 'acme/api', ['*']))).toEqual({
      grants: ['read_registry acme/*'],
      differences: [],
    });
  });

  test('a rule below an exception gives only what the exception gives', () => {
    expect(access(rule(1, 'acme/secret', ['pull']), rule(2, 'acme/*', ['pull', 'push']))).toEqual({
      grants: ['read_registry acme/secret', 'read_registry acme/*'],
      differences: [
        '2 omits write_registry on "acme/*": the rule in line 1 allows less on some of these names; grants have no exceptions (ci)',
      ],
    });
  });

  test('a denial whose pattern has no equivalent still narrows the rules below it', () => {
    const { grants, differences } = access(
      rule(1, '/^acme/[a-f]+$/', []),
      rule(2, undefined, ['pull']),
      rule(3, 'x', ['pull']),
    );
    expect(grants).toEqual([]);
    expect(differences).toHaveLength(1);
  });

  test('a denial for some addresses narrows the rules below it', () => {
    const { grants } = access(rule(1, undefined, [], ['ip "10.0.0.0/8"']), rule(2, 'acme/*', ['pull']));
    expect(grants).toEqual([]);
  });

  test('an action without a scope is reported', () => {
    expect(access(rule(1, 'acme/*', ['pull', 'sign'])).differences).toEqual([
      '1 the action "sign" has no scope (ci)',
    ]);
  });
});
