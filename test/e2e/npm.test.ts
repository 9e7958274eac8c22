import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGitlab, type TestGitlab, type TestJob } from '../support/gitlab.ts';
import { run, type Outcome } from '../support/run.ts';
import { startVerdaccio, type TestVerdaccio } from '../support/verdaccio.ts';

const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

let gitlab: TestGitlab;
let verdaccio: TestVerdaccio;
let gateway: TestGateway;
let job: TestJob;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-npm-'));
  [gitlab, verdaccio] = await Promise.all([startGitlab(), startVerdaccio()]);
  job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  gateway = await startGateway(`
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: npm, scopes: [read_package_registry, write_package_registry], resources: ["@acme/*", "plain"] }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [{ service: npm, scopes: [read_package_registry], resources: ["@acme/*"] }]
services:
  npm:
    type: npm
    path: /npm/
    upstream:
      url: "${verdaccio.url}/"
      auth: { basic: { username: ${verdaccio.username}, password: ${verdaccio.password} } }
`);
}, 60_000);
afterAll(async () => {
  await gateway.close();
  await Promise.all([verdaccio.close(), gitlab.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** npm with a home and a configuration of its own; `auth` is what stands behind the registry's address in .npmrc. */
function npm(place: string, auth: string | undefined, ...args: readonly string[]): Promise<Outcome> {
  const cwd = join(folder, place);
  mkdirSync(cwd, { recursive: true });
  const registry = `${gateway.url}/npm/`;
  const lines = [`registry=${registry}`, 'update-notifier=false', 'fund=false'];
  if (auth !== undefined) lines.push(`${registry.replace('http:', '')}:${auth}`);
  writeFileSync(join(cwd, '.npmrc'), `${lines.join('\n')}\n`);
  const env = { PATH: process.env['PATH'], HOME: cwd, npm_config_cache: join(cwd, 'cache') };
  return run('npm', args, { cwd, env });
}

function writePackage(place: string, name: string, version: string, more: object = {}): void {
  mkdirSync(join(folder, place), { recursive: true });
  writeFileSync(join(folder, place, 'package.json'), JSON.stringify({ name, version, ...more }));
  writeFileSync(join(folder, place, 'index.js'), 'module.exports = 1;\n');
}

const bearer = (token: string): string => `_authToken=${token}`;

test('publishes, tags, installs and audits, with an id token, a job token and a deploy token', async () => {
  writePackage('ui', '@acme/ui', '1.0.0');
  const publish = await npm('ui', bearer(job.idToken()), 'publish');
  expect(publish.code, publish.stderr).toBe(0);
  const tag = await npm('ui', bearer(job.token), 'dist-tag', 'add', '@acme/ui@1.0.0', 'next');
  expect(tag.code, tag.stderr).toBe(0);
  const tags = await npm('ui', bearer(job.token), 'dist-tag', 'ls', '@acme/ui');
  expect(tags.stdout).toContain('next: 1.0.0');

  writePackage('app', 'app', '1.0.0', { dependencies: { '@acme/ui': '^1.0.0' } });
  const credential = Buffer.from(DEPLOY_SECRET).toString('base64');
  const install = await npm(
    'app',
    `username=edge\n${`${gateway.url}/npm/`.replace('http:', '')}:_password=${credential}`,
    'install',
    '--no-audit',
  );
  expect(install.code, install.stderr).toBe(0);
  const lock = JSON.parse(readFileSync(join(folder, 'app/package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string }>;
  };
  // Every URL that npm follows leads through the gateway.
  expect(lock.packages['node_modules/@acme/ui']?.resolved).toBe(`${gateway.url}/npm/@acme/ui/-/ui-1.0.0.tgz`);
  const audit = await npm('app', bearer(job.idToken()), 'audit', '--json');
  expect(audit.stdout).not.toContain('denied');
});

test('what is denied says why', async () => {
  writePackage('evil', '@other/ui', '1.0.0');
  const publish = await npm('evil', bearer(job.token), 'publish');
  expect(publish.code).not.toBe(0);
  expect(publish.stderr).toContain('resource_not_granted');
  writePackage('reader', 'reader', '1.0.0', { dependencies: { '@other/ui': '1.0.0' } });
  const install = await npm('reader', bearer(job.token), 'install');
  expect(install.code).not.toBe(0);
  expect(install.stderr).toContain('resource_not_granted');
  const nobody = await npm('reader', undefined, 'view', '@acme/ui');
  expect(nobody.code).not.toBe(0);
  expect(nobody.stderr).toMatch(/401|E401/);
});

test('nothing of a client’s credential reaches the registry', () => {
  for (const secret of [job.token, DEPLOY_SECRET]) expect(verdaccio.log()).not.toContain(secret);
  expect(verdaccio.log()).toContain('@acme%2fui');
});
