/** The reports of `gatehouse test`, and the selection of files and tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { POLICY, runOn, scratchFolder, testCommandLine, testFile } from './command.ts';

const PUSH = 'request: PUT https://registry.example.com/v2/acme/payments/api/manifests/1';
const TESTS = testFile(`as: job, ${PUSH}, expect: allow`, `as: [job, fork], ${PUSH}, expect: deny`);

test('--json', async () => {
  const { code, stdout, stderr } = await runOn(POLICY, TESTS, '--json');
  expect({ code, stdout, stderr }).toExitWith(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    tests: 2,
    failed: 1,
    cases: [
      {
        name: 't0',
        as: 'job',
        line: 11,
        ok: true,
        decisions: [{ kind: 'allow', identity: 'payments' }],
        failures: [],
      },
      {
        name: 't1',
        as: 'job',
        file: 'gatehouse.test.yaml',
        line: 12,
        column: 5,
        ok: false,
        failures: [{ expected: 'deny', actual: 'allow as payments', explanation: { service: 'registry' } }],
      },
      { name: 't1', as: 'fork', ok: true, decisions: [{ kind: 'deny', reason: 'no_matching_identity' }] },
    ],
    coverage: {
      rules: 10,
      exercised: 2,
      percent: 20,
      unexercised: expect.arrayContaining([
        { rule: 'roles.publisher[1]', file: 'gatehouse.yaml', line: 17, column: 7 },
      ]),
    },
  });
});

describe('--coverage', () => {
  test('lists the identities, grants, anonymous rules and allowlist entries that no test exercises', async () => {
    const { code, stdout, stderr } = await runOn(
      POLICY,
      testFile(`as: job, ${PUSH}, expect: allow`),
      '--coverage',
    );
    expect(stdout).toBe(`not exercised: gatehouse.yaml:12:9: identities.payments.grants[0]
not exercised: gatehouse.yaml:13:9: identities.payments.grants[1]
not exercised: gatehouse.yaml:17:7: roles.publisher[1]
not exercised: gatehouse.yaml:21:3: deployTokens.edge
not exercised: gatehouse.yaml:25:14: deployTokens.edge.grants[0]
not exercised: gatehouse.yaml:32:17: services.registry.anonymous[0]
not exercised: gatehouse.yaml:19:15: jobTokenAllowlist["acme/base"][0]
not exercised: gatehouse.yaml:19:29: jobTokenAllowlist["acme/base"][1]
coverage: 20 % (2 of 10 rules)
ok: 1 test, 1 case
`);
    expect({ code, stdout, stderr }).toExitWith(0);
  });

  test('--min-coverage fails below its value', async () => {
    const passing = testFile(`as: job, ${PUSH}, expect: allow`);
    expect(await runOn(POLICY, passing, '--min-coverage', '20')).toExitWith(0);
    expect(await runOn(POLICY, passing, '--min-coverage', '21')).toEqual({
      code: 1,
      stdout: 'coverage: 20 % (2 of 10 rules); --min-coverage requires 21 %\nok: 1 test, 1 case\n',
      stderr: '',
    });
  });

  test('the entry of the allowlist that lets the job token pass is exercised', async () => {
    const access =
      'as: job-token, can: { service: registry, scopes: [read_registry], resources: [acme/base/x] }';
    const { stdout } = await runOn(POLICY, testFile(access), '--coverage');
    expect(stdout).toContain('jobTokenAllowlist["acme/base"][0]\n');
    expect(stdout).not.toContain('jobTokenAllowlist["acme/base"][1]\n');
  });
});

test('--filter runs the tests whose name contains the text', async () => {
  expect(await runOn(POLICY, TESTS, '--filter', 't0')).toMatchObject({
    code: 0,
    stdout: 'ok: 1 test, 1 case\n',
  });
  expect(await runOn(POLICY, TESTS, '--filter', 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no test has a name with "x"'),
  });
});

test('a directory: its *.test.yaml run, and the loader skips them', async () => {
  const folder = scratchFolder({
    'gatehouse.yaml': POLICY,
    'a.test.yaml': testFile(`as: job, ${PUSH}, expect: allow`),
    'b.test.yaml': testFile(`as: fork, ${PUSH}, expect: deny`),
  });
  expect(loadConfig(folder, {})).toMatchObject({
    kind: 'loaded',
    config: { files: [join(folder, 'gatehouse.yaml')] },
  });
  expect(await testCommandLine(['--config', folder])).toMatchObject({
    code: 0,
    stdout: 'ok: 2 tests, 2 cases\n',
  });
  const one = await testCommandLine(['--config', folder, join(folder, 'a.test.yaml')]);
  expect(one).toMatchObject({ code: 0, stdout: 'ok: 1 test, 1 case\n' });
});

test('--junit writes one suite per file and one case per credential, and escapes what XML excludes', async () => {
  const folder = scratchFolder({
    'gatehouse.yaml': POLICY,
    'a.test.yaml': testFile(`as: [job, fork], ${PUSH}, expect: allow`).replace('t0', '"<&\\"\\u0001>"'),
  });
  const report = join(folder, 'report.xml');
  expect(await testCommandLine(['--config', folder, '--junit', report])).toExitWith(1);
  const lines = readFileSync(report, 'utf8').replaceAll(`${folder}/`, '').split('\n');
  const times = lines.map((line) => line.replaceAll(/time="[\d.]+"/g, 'time="T"'));
  expect(times.slice(0, 6)).toEqual([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="gatehouse test" tests="2" failures="1" errors="0" skipped="0" time="T">',
    '  <testsuite name="a.test.yaml" tests="2" failures="1" errors="0" skipped="0" time="T">',
    '    <testcase name="&lt;&amp;&quot;\uFFFD&gt; (job)" classname="a.test.yaml" file="a.test.yaml" line="11" time="T"/>',
    '    <testcase name="&lt;&amp;&quot;\uFFFD&gt; (fork)" classname="a.test.yaml" file="a.test.yaml" line="11" time="T">',
    expect.stringMatching(
      /^ {6}<failure type="policy" message="PUT https.*: expected allow, actual deny: no_matching_identity \(.*\)">a\.test\.yaml:11:5$/,
    ),
  ]);
  expect(times.slice(-5)).toEqual([
    expect.stringContaining('</failure>'),
    '    </testcase>',
    '  </testsuite>',
    '</testsuites>',
    '',
  ]);
});
