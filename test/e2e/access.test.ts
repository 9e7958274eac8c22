/** `gatehouse access`, as a process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { gatehouse } from '../support/gateway-process.ts';
import { ROOT } from '../support/repository.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-access-'));
const config = join(folder, 'gatehouse.yaml');
writeFileSync(
  config,
  `version: 1
server: { listen: "127.0.0.1:0", publicUrl: "https://gateway.example.com" }
issuers: { gitlab: { type: gitlab, issuer: "https://gitlab.example.com" } }
roles:
  reader:
    - { service: npm, scopes: [read_package_registry], resources: ["@web/**"] }
identities:
  web:
    issuer: gitlab
    match: { project_id: "20" }
    roles: [reader]
    grants:
      - service: npm
        scopes: [write_package_registry]
        resources: ["@web/ui"]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${'ab'.repeat(32)}"
    expires: 2035-02-01
    grants: [{ service: npm, scopes: [read_package_registry], resources: ["@web/ui"] }]
services:
  npm:
    type: npm
    upstream: { url: "http://127.0.0.1:9/" }
    anonymous:
      - { scopes: [read_package_registry], resources: ["@public/**"] }
`,
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const access = (...args: string[]) => gatehouse('access', '--config', config, ...args);

describe('access', () => {
  test('--service --resource: every holder with its conditions and the position of its grant', async () => {
    const { code, stdout, stderr } = await access('--service', 'npm', '--resource', '@web/ui');
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain(
      'identity web\n  if issuer gitlab\n  if credential id_token\n  if project_id equals "20"\n',
    );
    expect(stdout).toMatch(/npm {2}read_package_registry +@web\/\*\* +.*gatehouse\.yaml:6\n/);
    expect(stdout).toMatch(/npm {2}write_package_registry +@web\/ui +.*gatehouse\.yaml:13\n/);
    expect(stdout).toContain('deploy token edge\n  if user name edge\n  if before 2035-02-01 (00:00 UTC)\n');
    expect(stdout).not.toContain('anonymous');
    const scoped = await access(
      '--service',
      'npm',
      '--resource',
      '@web/ui',
      '--scope',
      'write_package_registry',
    );
    expect(scoped.stdout).not.toContain('edge');
  });

  test('--json', async () => {
    const { stdout } = await access('--service', 'npm', '--resource', '@public/x', '--json');
    expect(JSON.parse(stdout)).toEqual([
      {
        kind: 'anonymous',
        name: 'anonymous',
        conditions: [],
        service: 'npm',
        scope: 'read_package_registry',
        resource: '@public/**',
        source: `${config}:27`,
      },
    ]);
  });

  test('--csv: a header and quoted fields', async () => {
    const { stdout } = await access('--identity', 'deploy-token:edge', '--csv');
    const [header, first] = stdout.split('\r\n');
    expect(header).toBe('"kind","name","conditions","service","scope","resource","source"');
    expect(first).toBe(
      `"deploy_token","edge","user name edge; before 2035-02-01 (00:00 UTC)","npm","read_package_registry","@web/ui","${config}:21"`,
    );
  });

  test('--matrix: identities × services', async () => {
    const { stdout } = await access('--matrix');
    expect(stdout).toMatch(
      /^identity +npm\nweb +read_package_registry write_package_registry\ndeploy-token:edge /,
    );
    expect(JSON.parse((await access('--matrix', '--json')).stdout)).toContainEqual({
      identity: 'anonymous',
      npm: 'read_package_registry',
    });
  });

  test('nothing reaches the resource', async () => {
    expect(await access('--service', 'npm', '--resource', 'left-pad')).toMatchObject({
      code: 0,
      stdout: 'no identity, deploy token or anonymous rule has this access\n',
    });
  });

  test.each([
    ['an unknown service', ['--service', 'nmp'], 'use one of: npm'],
    ['an unknown identity', ['--identity', 'edge'], 'use one of: web, deploy-token:edge'],
    [
      'an unknown scope',
      ['--scope', 'read_repo'],
      '--scope read_repo is not in the configuration; use one of:',
    ],
    ['a resource without a service', ['--resource', 'x'], '--resource requires --service'],
    ['two formats', ['--csv', '--json'], 'mutually exclusive'],
  ])('%s: exit 2', async (_, args, says) => {
    expect(await access(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(says),
    });
  });

  test.each(['gitlab', 'registry', 'packages', 'deploy-tokens'])(
    'config/%s.yaml: every grant has a position',
    async (name) => {
      const { code, stdout, stderr } = await gatehouse(
        'access',
        '--config',
        join(ROOT, `config/${name}.yaml`),
        '--json',
      );
      expect({ code, stdout, stderr }).toExitWith(0);
      const sources = (JSON.parse(stdout) as { source: string }[]).map(({ source }) => source);
      expect(sources.length).toBeGreaterThan(0);
      expect(sources.filter((source) => !/\.yaml:\d+$/.test(source))).toEqual([]);
    },
  );
});
