/** Malformed test files: every problem with its position and fix, exit code 2, and no test runs. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { POLICY, runOn, scratchFolder, testCommandLine } from './command.ts';

const REQUEST = 'as: anonymous, request: GET http://gateway.example.com/npm/x';

/** `line:column: path: message` of each problem. */
async function problemsOf(tests: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runOn(POLICY, tests);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  return [...stderr.matchAll(/^error: gatehouse\.test\.yaml:(.*)$/gm)].map(([, problem = '']) => problem);
}

describe('a test', () => {
  test.each([
    ['as: anonymous', 'tests[0]: tests nothing: add request and expect, can, or cannot'],
    [REQUEST, 'tests[0]: needs expect: allow, deny, { deny: [REASON] } or { unable: [REASON] }'],
    [
      `${REQUEST}, expect: maybe`,
      'tests[0].expect: must be allow, deny, { deny: [REASON] } or { unable: [REASON] }',
    ],
    [
      `${REQUEST}, expect: { deny: [no_credentials] }`,
      /^tests\[0\]\.expect\.deny\[0\]: must be one of .*did you mean "no_credential"\?$/,
    ],
    [`${REQUEST}, expect: { deny: [internal_error] }`, /^tests\[0\]\.expect\.deny\[0\]: must be one of /],
    [`${REQUEST}, expects: allow`, /^tests\[0\]\.expects: unknown key; did you mean "expect"\?/],
    [
      'as: anonymous, request: get http://a/, expect: deny',
      /^tests\[0\]\.request: must be a method and an absolute URL, as in /,
    ],
    [
      'as: anonymous, request: GET /npm/x, expect: deny',
      /^tests\[0\]\.request: must be a method and an absolute URL, as in /,
    ],
    [
      `${REQUEST}, expect: deny, headers: { Authorization: x }`,
      'tests[0].headers.Authorization: carries a credential; name a credential in `as`',
    ],
    [
      `${REQUEST}, expect: deny, headers: { X-A: "a\\nb" }`,
      'tests[0].headers.X-A: must be printable ASCII without spaces at its ends',
    ],
    [
      'as: jbo, cannot: { service: npm, scopes: [read_package_registry], resources: [x] }',
      'tests[0].as: there is no credential "jbo" in this file; known: anonymous',
    ],
    [
      'as: anonymous, cannot: { service: nmp, scopes: [read_package_registry], resources: [x] }',
      'tests[0].cannot.service: there is no service "nmp"; did you mean "npm"?',
    ],
    [
      'as: anonymous, cannot: { service: npm, scopes: [read_package_regestry], resources: [x] }',
      'tests[0].cannot.scopes[0]: service "npm" has no scope "read_package_regestry"; did you mean "read_package_registry"?',
    ],
    [
      'as: anonymous, cannot: { service: npm, scopes: [read_package_registry], resources: ["**"] }',
      /^tests\[0\]\.cannot\.resources\[0\]: is a pattern; write the name of a resource/,
    ],
  ])('{ %s }', async (yaml, problem) => {
    const found = await problemsOf(`version: 1\n\ntests:\n  - { name: a, ${yaml} }\n`);
    expect(found.map((each) => each.replace(/^4:\d+: /, ''))).toEqual([
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    ]);
  });
});

describe('a credential', () => {
  test.each([
    ['{ issuer: gitlob }', '.issuer: there is no issuer "gitlob"; did you mean "gitlab"?'],
    ['{ claims: { a: b } }', ': needs issuer, extends, deployToken or exchanged'],
    ['{ deployToken: edgy }', '.deployToken: there is no deploy token "edgy"; did you mean "edge"?'],
    [
      '{ deployToken: edge, issuer: gitlab }',
      '.issuer: has no effect here; remove it, or remove "deployToken"',
    ],
    ['{ extends: b }', '.extends: there is no credential "b" in this file; there are none'],
    ['{ extends: a }', '.extends: "a" extends itself; remove one "extends"'],
    ['{ exchanged: b, scopes: [x] }', '.exchanged: there is no credential "b" in this file; there are none'],
    ['{ issuer: gitlab, class: access_token }', '.class: must be one of id_token, job_token, deploy_token'],
  ])('%s', async (yaml, problem) => {
    const file = `version: 1\ncredentials:\n  a: ${yaml}\ntests:\n  - { name: a, ${REQUEST}, expect: deny }\n`;
    expect(await problemsOf(file)).toEqual([expect.stringMatching(/^3:\d+: credentials\.a/)]);
    expect((await problemsOf(file))[0]).toContain(`credentials.a${problem}`);
  });

  test('"anonymous" is predefined', async () => {
    const file = `version: 1\ncredentials:\n  anonymous: { issuer: gitlab }\ntests:\n  - { name: a, ${REQUEST}, expect: deny }\n`;
    expect(await problemsOf(file)).toEqual([
      expect.stringContaining('3:3: credentials.anonymous: "anonymous" is predefined'),
    ]);
  });
});

test.each([
  ['', '1:1: is empty'],
  ['tests: [', 'not valid YAML'],
  ['version: 2\ntests: []', '1:10: version: must be 1'],
  [
    `version: 1\ntests:\n  - { name: a, ${REQUEST}, expect: deny }\n  - { name: a, ${REQUEST}, expect: deny }\n`,
    'tests[1].name: the name is given twice; first at ',
  ],
])('the file %j', async (file, problem) => {
  expect((await problemsOf(file))[0]).toContain(problem);
});

test.each([
  [['--config', 'NOWHERE'], /does not exist/],
  [['--config', 'CONFIG'], /there is no \*\.test\.yaml next to .*; write one, or name a FILE\n/],
  [['--config', 'CONFIG', 'missing.test.yaml'], /error: missing\.test\.yaml:1:1: does not exist/],
  [
    ['--config', 'CONFIG', '--min-coverage', '101'],
    /--min-coverage 101 must be a whole number from 0 to 100/,
  ],
  [[], /--config is required/],
])('%j: exit code 2', async (args, message) => {
  const folder = scratchFolder({ 'gatehouse.yaml': POLICY });
  const names = { CONFIG: join(folder, 'gatehouse.yaml'), NOWHERE: join(folder, 'nowhere.yaml') };
  const { code, stdout, stderr } = await testCommandLine(
    args.map((arg) => (arg in names ? names[arg as keyof typeof names] : arg)),
  );
  expect(stderr).toMatch(message);
  expect({ code, stdout, stderr }).toExitWith(2);
});
