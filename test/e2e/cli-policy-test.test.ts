/** `gatehouse test` as a process: `--watch`, and reports that XML parsers accept. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../support/eventually.ts';
import { gatehouse } from '../support/gateway-process.ts';
import { needsPython, python } from '../support/python.ts';
import { ROOT, readText } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-test-'));
const config = join(folder, 'gatehouse.yaml');
const tests = join(folder, 'gatehouse.test.yaml');

/** Milliseconds. A run takes a fraction of a second on an idle machine. */
const WAIT = 20_000;

const POLICY = `version: 1
issuers: { gitlab: { type: gitlab, issuer: https://gitlab.example.com, audiences: [gw] } }
identities:
  job:
    issuer: gitlab
    match: { project_id: '20' }
    grants: [{ service: orders, scopes: [read_api], resources: ['**'] }]
services: { orders: { type: http, path: /orders/, upstream: { url: http://127.0.0.1:1/ } } }
`;

function testFile(expected: string): string {
  return `version: 1
credentials: { job: { issuer: gitlab, claims: { project_id: '20' } } }
tests: [{ name: reads, as: job, request: GET http://gateway.example.com/orders/, expect: ${expected} }]
`;
}

beforeAll(() => writeFileSync(config, POLICY));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the tests next to delegated files run too, without variables', async () => {
  const main = join(folder, 'delegating/gatehouse.yaml');
  const team = join(folder, 'delegating/teams/web');
  mkdirSync(team, { recursive: true });
  const delegation = `delegations:
  - files: teams/*/*.yaml
    grants: [{ service: orders, scopes: [read_api], resources: ['/web/**'] }]
    issuers: [gitlab]
    match: { namespace_path: web }
`;
  writeFileSync(main, POLICY + delegation);
  writeFileSync(join(folder, 'delegating/gatehouse.test.yaml'), testFile('allow'));
  writeFileSync(
    join(team, 'ci.yaml'),
    `version: 1
identities:
  web:
    issuer: gitlab
    match: { namespace_path: web, project_id: '31' }
    grants: [{ service: orders, scopes: [read_api], resources: [/web/a] }]
`,
  );
  const tested = (claim: string): string =>
    testFile('allow')
      .replace("'20'", `'31', namespace_path: ${claim}`)
      .replace('/orders/,', '/orders/web/a,');
  writeFileSync(join(team, 'ci.test.yaml'), tested('web'));
  expect(await gatehouse('test', '--config', main)).toMatchObject({
    code: 0,
    stdout: 'ok: 2 tests, 2 cases\n',
  });

  writeFileSync(join(team, 'ci.test.yaml'), tested('ops'));
  expect(await gatehouse('test', '--config', main)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`${join(team, 'ci.test.yaml')}:3:`),
  });
  writeFileSync(join(team, 'ci.test.yaml'), tested('"${HOME}"'));
  expect(await gatehouse('test', '--config', main)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('HOME'),
  });
});

test('--watch runs again after each change of tests and configuration, and ends with the last exit code', async () => {
  writeFileSync(tests, testFile('allow'));
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'test', '--config', folder, '--watch'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const runs = (): number => stderr.split('waiting for changes').length - 1;
  try {
    await eventually('the first run', () => runs() === 1, WAIT);
    expect(stdout).toBe('ok: 1 test, 1 case\n');

    writeFileSync(tests, testFile('deny'));
    await eventually('a failure', () => stdout.includes('1 failed: 1 test, 1 case\n'), WAIT);

    writeFileSync(config, POLICY.replace("'20'", "'21'"));
    await eventually('a success', () => stdout.match(/^ok: /gm)?.length === 2, WAIT);

    writeFileSync(tests, 'version: 1\ntests: [');
    await eventually('a problem', () => stderr.includes('gatehouse.test.yaml:2:'), WAIT);

    writeFileSync(tests, testFile('allow'));
    await eventually('the second failure', () => stdout.match(/^1 failed: /gm)?.length === 2, WAIT);
  } finally {
    child.kill('SIGINT');
  }
  expect(await exited).toBe(1);
});

/** Prints what GitLab reads of each failed case (lib/gitlab/ci/parsers/test/junit.rb). */
const READ_REPORT = `
import json, sys, xml.etree.ElementTree as etree
suites = etree.parse(sys.argv[1]).getroot()
assert suites.tag == 'testsuites'
cases = [case for suite in suites.findall('testsuite') for case in suite.findall('testcase')]
print(json.dumps([[case.get('name'), case.get('classname'), case.get('file'), float(case.get('time')) >= 0,
  case.find('failure').text.split(chr(10))[0]] for case in cases if case.find('failure') is not None]))
`;

needsPython.test('--junit writes a report that an XML parser reads', async () => {
  writeFileSync(config, POLICY);
  writeFileSync(tests, testFile('deny'));
  const report = join(folder, 'report.xml');
  expect(await gatehouse('test', '--config', config, '--junit', report)).toMatchObject({
    code: 1,
    stderr: '',
  });
  const { stdout } = await python('python', ['-c', READ_REPORT, report], { home: folder });
  expect(JSON.parse(stdout)).toEqual([['reads (job)', tests, tests, true, `${tests}:3:9`]]);
});

test.each([
  ['gitlab/policy-tests.gitlab-ci.yml', (file: GitlabFile) => file['policy-tests'].script.join('\n')],
  [
    'github/policy-tests.yml',
    (file: GithubFile) =>
      file.jobs['policy-tests'].steps.flatMap(({ run: script }) => script ?? []).join('\n'),
  ],
] as const)('the script of ci-templates/%s, with `gatehouse` on the PATH', async (name, scriptOf) => {
  const project = mkdtempSync(join(folder, 'project-'));
  mkdirSync(join(project, 'config'));
  mkdirSync(join(project, 'bin'));
  writeFileSync(join(project, 'config/gatehouse.yaml'), POLICY);
  writeFileSync(join(project, 'config/orders.test.yaml'), testFile('allow'));
  // As in the image for jobs of docs/guides/policy-tests.md.
  const program = `#!/bin/sh\nexec node ${join(ROOT, 'src/main.ts')} "$@"\n`;
  writeFileSync(join(project, 'bin/gatehouse'), program, { mode: 0o755 });
  const script = scriptOf(parse(readText(`ci-templates/${name}`)) as GitlabFile & GithubFile);
  const PATH = [join(project, 'bin'), dirname(process.execPath), process.env['PATH']].join(':');
  const env = { ...process.env, PATH, GATEHOUSE_CONFIG: 'config' };
  const job = (): Promise<Outcome> => run('bash', ['-e', '-c', script], { cwd: project, env });

  expect(await job()).toMatchObject({
    code: 0,
    stdout: 'coverage: 100 % (2 of 2 rules)\nok: 1 test, 1 case\n',
  });
  expect(readFileSync(join(project, 'policy-tests.xml'), 'utf8')).toContain('failures="0"');

  writeFileSync(join(project, 'config/orders.test.yaml'), testFile('deny'));
  expect(await job()).toExitWith(1);
  expect(readFileSync(join(project, 'policy-tests.xml'), 'utf8')).toContain('file="config/orders.test.yaml"');
});

interface GitlabFile {
  readonly 'policy-tests': { readonly script: readonly string[] };
}
interface GithubFile {
  readonly jobs: { readonly 'policy-tests': { readonly steps: readonly { readonly run?: string }[] } };
}
