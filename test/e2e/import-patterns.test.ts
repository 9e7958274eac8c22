/** The patterns of `gatehouse import docker-auth` and Go, in which docker_auth evaluates them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { matchesGoGlob, parseGoGlob } from '../../src/cli/import/docker-auth/go-glob.ts';
import { execGoRegex, patternsOfGoRegex } from '../../src/cli/import/docker-auth/go-regex.ts';
import { resourcePattern } from '../../src/cli/import/docker-auth/name-tokens.ts';
import { compileGlob } from '../../src/util/text/glob.ts';
import { needs } from '../support/needs.ts';
import { run } from '../support/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool } from '../support/tools.ts';

/** Prints whether each pattern matches each name: a row of 0 and 1 for each pattern. */
const PROGRAM = `package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"regexp"
)

func main() {
	var input struct{ Globs, Expressions, Names []string }
	data, _ := os.ReadFile(os.Args[1])
	if err := json.Unmarshal(data, &input); err != nil {
		panic(err)
	}
	row := func(matches func(string) bool) {
		for _, name := range input.Names {
			if matches(name) {
				fmt.Print(1)
			} else {
				fmt.Print(0)
			}
		}
		fmt.Println()
	}
	for _, glob := range input.Globs {
		row(func(name string) bool { matched, err := path.Match(glob, name); return err == nil && matched })
	}
	for _, expression := range input.Expressions {
		row(regexp.MustCompile(expression).MatchString)
	}
}
`;

const GLOBS = [
  '*',
  '**',
  'acme/*',
  'acme/*/*',
  '*-base',
  'web-??',
  '[a-c]*',
  '[^a]*',
  '[]a]',
  String.raw`acme\/*`,
  String.raw`\*`,
  'acme/[!a]*',
  '[a',
  'a\\',
  '[^a]b*',
  // Classes that a regular expression of JavaScript reads differently.
  '[a-]cme',
  '[-a]cme',
  '[^z-a]*',
  String.raw`[\w]cme`,
  String.raw`[\]a]cme`,
  '[^]a]cme',
];

const EXPRESSIONS = [
  '^acme/.*$',
  '^acme/.+$',
  'foo|^base/[^/]+$',
  '^(acme|base)/(x1|web-ui)?$',
  '^(?:[^/]+/)?base$',
  '(?i)^ACME/',
  '^[a-z]+$',
  String.raw`^\w+/\w+$`,
  '^acme(/[a-z0-9._-]+)+$',
  '^a.?c',
  '^[^/]*/base/.*$',
  '/',
  'base$',
  '^.{4}/',
  '^[[:alpha:]]+$',
  // Other syntax, or another meaning, in JavaScript.
  String.raw`\Aacme\z`,
  String.raw`^\Qa.b\E$`,
  String.raw`^\pL+$`,
  String.raw`^acme/[^\PL]*$`,
  String.raw`^acme[\PL]base`,
  '^acme/[^]x]+$',
  '^[]a]+$',
  String.raw`^[\a-z]+$`,
  String.raw`^[\x{2f}a-z]+$`,
  '^acme😀?/base',
  '^(?i:ACME)/',
];

const SEGMENTS = ['a', 'b', 'ab', 'acme', 'base', 'x1', 'web-ui', 'web-1', 'a.b', 'foo', 'x-base', 'main_2'];
const NAMES = SEGMENTS.flatMap((first) => [
  first,
  ...SEGMENTS.flatMap((second) => [`${first}/${second}`, `${first}/base/${second}`]),
]);

needs('go').test('accounts and names match as in Go', async () => {
  const folder = temporaryFolder('import-patterns');
  onTestFinished(folder.close);
  const [program, input] = [join(folder.path, 'main.go'), join(folder.path, 'input.json')];
  writeFileSync(program, PROGRAM);
  writeFileSync(input, JSON.stringify({ Globs: GLOBS, Expressions: EXPRESSIONS, Names: NAMES }));
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', GO111MODULE: 'off' };
  const { code, stdout, stderr } = await run(findTool('go') ?? 'go', ['run', program, input], { env });
  expect({ code, stdout, stderr }).toExitWith(0);
  const rows = stdout.trimEnd().split('\n');
  expect(rows).toHaveLength(GLOBS.length + EXPRESSIONS.length);
  const row = (matches: (name: string) => boolean): string =>
    NAMES.map((name) => (matches(name) ? '1' : '0')).join('');

  for (const [index, glob] of GLOBS.entries()) {
    expect([glob, row((name) => matchesGoGlob(glob, name))]).toEqual([glob, rows[index]]);
    const tokens = parseGoGlob(glob);
    const pattern = tokens === undefined ? undefined : resourcePattern(tokens);
    expectEquivalent(glob, pattern === undefined ? [] : [pattern], rows[index] ?? '');
  }
  for (const [index, expression] of EXPRESSIONS.entries()) {
    const expected = rows[GLOBS.length + index] ?? '';
    const patterns = patternsOfGoRegex(expression);
    expectEquivalent(expression, patterns, expected);
    const unknown = NAMES.every((name) => execGoRegex(expression, name) === undefined);
    const searched = row((name) => (execGoRegex(expression, name) ?? null) !== null);
    if (!unknown) expect([expression, searched]).toEqual([expression, expected]);
  }

  /** Exact patterns match the same names, the others more. */
  function expectEquivalent(
    source: string,
    patterns: readonly { readonly pattern: string; readonly exact: boolean }[],
    expected: string,
  ): void {
    const globs = patterns.map(({ pattern }) => compileGlob(pattern));
    const actual = row((name) => globs.some((each) => each.test(name)));
    if (patterns.every(({ exact }) => exact)) expect([source, actual]).toEqual([source, expected]);
    const missed = NAMES.filter((_name, at) => expected[at] === '1' && actual[at] === '0');
    expect([source, missed]).toEqual([source, []]);
  }
});
