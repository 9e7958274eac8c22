/** `gatehouse explain` and `gatehouse test` of requests whose body names the package, as a process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatehouse } from '../support/gateway-process.ts';
import { nupkgOf, PUSH_TYPE, pushForm } from '../support/nuget-archive.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TYPES = ['nuget', 'pypi', 'rubygems', 'helm', 'go', 'cargo', 'rpm', 'deb'] as const;
const ORIGIN = 'https://gateway.example.com';
const CLAIMS = { project_id: '20', project_path: 'acme/payments', ref: 'main' };

const CONFIG = `version: 1
server: { listen: "127.0.0.1:0", publicUrl: "${ORIGIN}" }
issuers: { gitlab: { type: gitlab, issuer: "https://gitlab.example.com" } }
identities:
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
${TYPES.map((type) => `      - { service: ${type}, scopes: [write_package_registry], resources: [acme.lib] }\n`).join('')}
services:
${TYPES.map((type) => `  ${type}: { type: ${type}, path: /${type}/, upstream: { url: "http://127.0.0.1:9/" } }\n`).join('')}`;

const folder = temporaryFolder('explain-unnamed');
const config = join(folder.path, 'gatehouse.yaml');
const claims = join(folder.path, 'claims.json');
afterAll(() => folder.close());

beforeAll(() => {
  writeFileSync(config, CONFIG);
  writeFileSync(claims, JSON.stringify(CLAIMS));
});

const explain = (method: string, path: string, ...more: string[]) =>
  gatehouse(
    'explain',
    '--config',
    config,
    '--claims',
    claims,
    '--issuer',
    'gitlab',
    '--method',
    method,
    '--url',
    `${ORIGIN}${path}`,
    ...more,
  );

describe('a request whose head names no package', () => {
  test.each([
    ['PUT', '/nuget/api/v2/package', 'the body of a push names the package', 'multipart/form-data'],
    ['POST', '/pypi/legacy/', 'the body of an upload names the project', 'multipart/form-data'],
    ['POST', '/rubygems/api/v1/gems', 'the body of a push names the gem', 'application/octet-stream'],
    ['DELETE', '/rubygems/api/v1/gems/yank?gem_name=a', 'the query of a yank', undefined],
    ['POST', '/helm/api/charts', 'the body of an upload names the chart', undefined],
    ['PUT', '/helm/index.yaml', 'the index lists all charts', undefined],
    ['PUT', '/go/upload', 'the body of an upload names the module', undefined],
    ['POST', '/rpm/group/errata', 'the body names the packages', undefined],
  ])('%s %s: the explanation names the cause and the next step', async (method, path, cause, type) => {
    const { code, stdout, stderr } = await explain(method, path);
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain('- write_package_registry on all resources');
    expect(stdout).toContain(cause);
    expect(stdout.includes('--content-type'), stdout).toBe(type !== undefined);
    if (type !== undefined) expect(stdout).toContain(type);
    else expect(stdout).toMatch(/grant write_package_registry on "\*\*"/);
  });

  test.each([
    ['POST', '/pypi/legacy/', 'multipart/form-data; boundary=x'],
    ['PUT', '/nuget/api/v2/package', 'multipart/form-data; boundary=x'],
    ['PUT', '/cargo/api/v1/crates/new', 'application/octet-stream'],
    ['PUT', '/deb/pool/bookworm/main/upload', 'application/octet-stream'],
    ['PUT', '/rpm/upload', 'application/octet-stream'],
  ])('%s %s without its body: the note names the option for the body', async (method, path, type) => {
    const { stdout } = await explain(method, path, '--content-type', type);
    expect(stdout).toContain('The operation depends on the request body');
    expect(stdout).toContain('--body FILE');
    expect(stdout).toMatch(/gatehouse access --service \w+ --scope write_package_registry --resource NAME/);
  });

  test('--body: the package of the body is authorized', async () => {
    const file = join(folder.path, 'body');
    writeFileSync(file, pushForm(nupkgOf('Acme.Lib')));
    const options = ['--content-type', PUSH_TYPE, '--body', file];
    const { code, stdout, stderr } = await explain('PUT', '/nuget/api/v2/package', ...options);
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('+ write_package_registry on "acme.lib"');
    expect(stdout).not.toContain('--body');
  });

  test('gatehouse test: a failure names the cause and the keys of the test', async () => {
    const file = join(folder.path, 'push.test.yaml');
    writeFileSync(
      file,
      `version: 1
credentials: { job: { issuer: gitlab, claims: ${JSON.stringify(CLAIMS)} } }
tests:
  - { name: push, as: job, request: PUT ${ORIGIN}/nuget/api/v2/package, expect: allow }
  - { name: chart, as: job, request: POST ${ORIGIN}/helm/api/charts, expect: allow }
`,
    );
    const { code, stdout, stderr } = await gatehouse('test', '--config', config, file);
    expect({ code, stdout, stderr }).toExitWith(1);
    const [, push = '', chart = ''] = stdout.split('FAIL');
    expect(push).toContain('the body of a push names the package');
    expect(push).toMatch(/`headers`.*`body`.*`can`/);
    expect(chart).toContain('the body of an upload names the chart');
    expect(chart).not.toContain('`body`');
  });
});
