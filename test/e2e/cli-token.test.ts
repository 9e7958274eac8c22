/** `token`, and `explain` for credentials other than ID tokens, as processes. */
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatehouse } from '../support/gateway-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-token-'));
const config = join(folder, 'gatehouse.yaml');
const claims = join(folder, 'claims.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const url = 'https://gateway.example.com/files/acme/payments/a';

beforeAll(() => {
  writeFileSync(claims, JSON.stringify({ project_id: '20', project_path: 'acme/payments' }));
  writeFileSync(
    config,
    `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com, admin: { listen: 127.0.0.1:0 } }
issuers:
  gitlab: { type: gitlab, issuer: https://gitlab.example.com, jobTokens: {} }
  other: { type: gitlab, issuer: https://other.example.com }
identities:
  payments:
    issuer: gitlab
    via: [job_token]
    match: { project_id: "20" }
    grants: [{ service: files, scopes: [read_package_registry], resources: ["{claims.project_path}/**"] }]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', 'a long enough secret for a test')}"
    expires: 2036-01-01
    grants: [{ service: files, scopes: [read_package_registry], resources: ["acme/**"] }]
  old:
    username: old
    secretHash: "sha256:${hash('sha256', 'another long enough secret')}"
    expires: 2020-01-01
    grants: [{ service: files, scopes: [read_package_registry], resources: ["acme/**"] }]
services:
  files: { type: generic, path: /files/, issuers: [gitlab], upstream: { url: "http://127.0.0.1:1/" } }
`,
  );
});

describe('token create', () => {
  test('prints the secret once, and an entry that loads', async () => {
    const { code, stdout, stderr } = await gatehouse(
      'token',
      'create',
      '--name',
      '1e3',
      '--username',
      'null',
    );
    expect({ code, stdout, stderr }).toExitWith(0);
    const [secret = ''] = /ghdt_1e3_[0-9a-f]{64}/.exec(stdout) ?? [];
    const entry = stdout.slice(stdout.indexOf('deployTokens:')).replace('SERVICE', 'files');
    expect(entry).toContain(`sha256:${hash('sha256', secret)}`);
    const file = join(folder, 'created.yaml');
    const rest =
      'services: { files: { type: generic, path: /f/, upstream: { url: "http://127.0.0.1:1/" } } }';
    writeFileSync(file, `version: 1\nserver: { publicUrl: https://gateway.example.com }\n${rest}\n${entry}`);
    expect(await gatehouse('check', '--config', file)).toExitWith(0);
  });

  test('--type prints the scopes of the service type', async () => {
    const args = ['token', 'create', '--name', 'edge', '--expires', '2036-01-01', '--type'];
    const registry = await gatehouse(...args, 'oci');
    expect(registry.stderr).toBe('');
    expect(registry.stdout).toContain('# scopes of type oci: read_registry, write_registry, delete_registry');
    expect(registry.stdout).toContain('scopes: [read_registry]');
    const api = await gatehouse(...args, 'http');
    expect(api.stdout).toContain('scopes: [read_api], resources: ["/**"]');
    const file = join(folder, 'typed.yaml');
    const rest = 'services: { api: { type: http, path: /f/, upstream: { url: "http://127.0.0.1:1/" } } }';
    const entry = api.stdout.slice(api.stdout.indexOf('deployTokens:')).replace('SERVICE', 'api');
    writeFileSync(file, `version: 1\nserver: { publicUrl: https://gateway.example.com }\n${rest}\n${entry}`);
    expect(await gatehouse('check', '--config', file)).toExitWith(0);
  });

  test('without --type and --expires, lists the scopes of all types and warns', async () => {
    const { code, stdout, stderr } = await gatehouse('token', 'create', '--name', 'edge');
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stderr).toBe('warning: the token never expires; create it with --expires YYYY-MM-DD\n');
    expect(stdout).toContain('# scopes of type oci: read_registry, write_registry, delete_registry');
    expect(stdout).toMatch(/# scopes of type .*npm.*: read_package_registry, write_package_registry\n/);
    expect(stdout).toContain('# scopes of type git: read_repository, write_repository');
  });

  test('--json, for scripts', async () => {
    const { stdout } = await gatehouse(
      'token',
      'create',
      '--name',
      'edge',
      '--expires',
      '2036-01-01',
      '--json',
    );
    const made = JSON.parse(stdout) as Record<string, string>;
    expect(made).toMatchObject({ name: 'edge', username: 'edge', expires: '2036-01-01' });
    expect(made['secretHash']).toBe(`sha256:${hash('sha256', made['secret'] ?? '')}`);
  });

  test.each([
    [['--name', 'a b'], /--name must/],
    [['--name', 'edge', '--username', 'a:b'], /--username must/],
    [['--name', 'edge', '--expires', '2036-02-30'], /--expires must/],
    [['--name', 'edge', '--expires', '2020-01-01'], /is in the past/],
    [['--name', 'edge', '--type', 'docker'], /--type docker is unknown; known: http, oci/],
    [[], /--name is required/],
  ])('%j: exit 2', async (args, message) => {
    const { code, stdout, stderr } = await gatehouse('token', 'create', ...args);
    expect({ code, stdout, stderr }).toExitWith(2);
    expect(stderr).toMatch(message);
  });
});

test('token inspect describes a token without printing its secret', async () => {
  const secret = `ghdt_edge_${'9d'.repeat(32)}`;
  const file = join(folder, 'secret');
  writeFileSync(file, `${secret}\n`);
  const { code, stdout, stderr } = await gatehouse('token', 'inspect', '--token-file', file);
  expect({ code, stdout, stderr }).toExitWith(0);
  expect(stdout).toContain('class     deploy_token');
  expect(stdout).toContain(hash('sha256', secret));
  expect(stdout).not.toContain('9d9d');
});

test('token inspect shows the hash that revokes a JWT, independent of its signature', async () => {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const content = `${encode({ alg: 'ES256', kid: 'k', typ: 'JWT' })}.${encode({ iss: 'https://i', exp: 1 })}`;
  const file = join(folder, 'token.jwt');
  const reports: Record<string, string>[] = [];
  for (const token of [`${content}.AAAA`, `${content}.BBBB`]) {
    writeFileSync(file, `${token}\n`);
    const { stdout } = await gatehouse('token', 'inspect', '--json', '--token-file', file);
    const report = JSON.parse(stdout) as Record<string, string>;
    expect(report['sentHash']).toBe(hash('sha256', token));
    reports.push(report);
  }
  expect(reports.map(({ tokenHash }) => tokenHash)).toEqual(Array(2).fill(hash('sha256', content)));
  const { stdout } = await gatehouse('token', 'inspect', '--token-file', file);
  expect(stdout).toContain(`sha256    ${hash('sha256', content)}\nas sent   `);
});

test('token without a subcommand lists its commands', async () => {
  expect(await gatehouse('token', '--help')).toExitWith(0);
  const { code, stdout, stderr } = await gatehouse('token');
  expect({ code, stdout, stderr }).toExitWith(2);
  expect(stdout).toContain('gatehouse token create');
});

describe('explain', () => {
  const explain = (...args: string[]) => gatehouse('explain', '--config', config, '--url', url, ...args);

  test('a deploy token of the configuration', async () => {
    const { code, stdout, stderr } = await explain('--deploy-token', 'edge');
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('deploy-token:edge');
    expect(stdout).not.toContain(':deploy-tokens');
  });

  test('an expired deploy token is refused, as in a request', async () => {
    expect(await explain('--deploy-token', 'old')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('token_expired') as string,
    });
  });

  test('a job token, by its claims', async () => {
    expect(await explain('--claims', claims, '--issuer', 'gitlab', '--class', 'job_token')).toMatchObject({
      code: 0,
    });
    const asIdToken = await explain('--claims', claims, '--issuer', 'gitlab');
    expect(asIdToken.stdout).toContain('accepts job_token, not id_token');
  });

  test('an issuer that the service does not trust', async () => {
    expect(await explain('--claims', claims, '--issuer', 'other')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('issuer_unknown') as string,
    });
  });

  test('an unknown deploy token: exit 2, and a list of known ones', async () => {
    const { code, stdout, stderr } = await explain('--deploy-token', 'egde');
    expect({ code, stdout, stderr }).toExitWith(2);
    expect(stderr).toContain('edge, old');
  });
});
