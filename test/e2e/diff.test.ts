/** `gatehouse diff`, as a process. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { DiffReport } from '../../src/cli/diff/diff-report.ts';
import { gatehouse } from '../support/gateway-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-diff-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const POLICY = `version: 1
server: { listen: "127.0.0.1:0", publicUrl: "https://gateway.example.com" }
issuers: { gitlab: { type: gitlab, issuer: "https://gitlab.example.com" } }
identities:
  web:
    issuer: gitlab
    match: { project_id: "20", ref: main }
    grants:
      - { service: npm, scopes: [write_package_registry], resources: ["@web/ui"] }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${'ab'.repeat(32)}"
    expires: 2035-02-01
    grants: [{ service: npm, scopes: [read_package_registry], resources: ["@web/ui"] }]
services:
  npm: { type: npm, upstream: { url: "http://127.0.0.1:9/" } }
`;
const old = write('old.yaml', POLICY);

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function diff(text: string, ...options: string[]) {
  return gatehouse('diff', old, write('new.yaml', text), ...options);
}

async function report(text: string): Promise<DiffReport> {
  const { code, stdout, stderr } = await diff(text, '--json');
  expect({ code, stdout, stderr }).toExitWith(0);
  return JSON.parse(stdout) as DiffReport;
}

describe('gatehouse diff', () => {
  test('lists a wider condition and a wider pattern, with a request that only the new policy allows', async () => {
    const { gains, losses, changes } = await report(
      POLICY.replace('ref: main', 'ref: { in: [main, dev] }').replace(
        '["@web/ui"] }\ndeploy',
        '["@web/**"] }\ndeploy',
      ),
    );
    expect(gains).toEqual([
      {
        identity: 'web',
        class: 'id_token',
        service: 'npm',
        scope: 'write_package_registry',
        resource: '@web/**',
        certainty: 'certain',
        reason: 'identity "web" of the other configuration does not grant it',
        witness: {
          credential: {
            class: 'id_token',
            issuer: 'gitlab',
            claims: { project_id: '20', ref: 'main' },
            audience: 'https://gateway.example.com',
          },
          service: 'npm',
          operation: { scope: 'write_package_registry', resource: '@web/x', extent: 'one' },
        },
        source: `${join(folder, 'new.yaml')}:9`,
      },
    ]);
    expect(losses).toEqual([]);
    expect(changes).toEqual([
      {
        setting: 'identities.web.match.ref',
        change: 'wider',
        detail: 'equals "main" → in "main", "dev"',
      },
      { setting: 'identities.web.grants', change: 'different', detail: '' },
    ]);
  });

  test.each([
    ['a replaced secret', `'${'cd'.repeat(32)}'`, 'the other configuration has another secret', undefined],
    ['a later expiry', undefined, 'the token expires on 2035-02-01 in the other configuration', '2035-02-01'],
  ])('lists %s of a deploy token', async (_, secret, reason, on) => {
    const text =
      secret === undefined
        ? POLICY.replace('2035-02-01', '2036-01-01')
        : POLICY.replace('ab'.repeat(32), 'cd'.repeat(32));
    const { gains } = await report(text);
    expect(gains).toMatchObject([
      { identity: 'deploy-token:edge', class: 'deploy_token', certainty: 'certain', reason },
    ]);
    expect(gains[0]?.witness?.on).toBe(on);
  });

  test('lists what becomes possible without a credential before everything else', async () => {
    const anonymous = 'anonymous: [{ scopes: [read_package_registry], resources: ["**"] }] }\n';
    const { gains } = await report(
      POLICY.replace(', ref: main', '').replace(
        'upstream: { url: "http://127.0.0.1:9/" } }\n',
        `upstream: { url: "http://127.0.0.1:9/" }, ${anonymous}`,
      ),
    );
    expect(gains.map(({ identity, certainty }) => [identity, certainty])).toEqual([
      ['anonymous', 'certain'],
      ['web', 'certain'],
    ]);
  });

  test('a setting next to the policy is a possible gain and loss, with its reason', async () => {
    const { gains, losses } = await report(
      POLICY.replace(
        '"https://gitlab.example.com" }',
        '"https://gitlab.example.com", jwksUri: "https://keys.example.com" }',
      ),
    );
    const reason = 'issuers.gitlab.jwksUri differs, so that other tokens are valid';
    expect(gains).toMatchObject([{ identity: '*', service: '*', certainty: 'possible', reason }]);
    expect(losses).toMatchObject([{ identity: '*', service: '*', certainty: 'possible', reason }]);
  });

  test('every setting that affects access is a gain: a change of it alone is not "no differences"', async () => {
    const { gains, losses, changes } = await report(
      POLICY.replace(
        '127.0.0.1:0", publicUrl: "https://gateway.example.com" }',
        '0.0.0.0:0", publicUrl: "https://gateway.example.com", trustedProxies: [0.0.0.0/0] }',
      ).replace(
        'upstream: { url: "http://127.0.0.1:9/" }',
        'upstream: { url: "http://127.0.0.1:9/", auth: { bearer: { token: admin-secret } } }, keepCookies: true',
      ),
    );
    const paths = ['server.listen', 'server.trustedProxies', 'upstream.auth', 'keepCookies'];
    for (const list of [gains, losses]) {
      expect(list.map(({ certainty }) => certainty)).toEqual(paths.map(() => 'possible'));
      for (const path of paths)
        expect(list).toContainEqual(
          expect.objectContaining({ reason: expect.stringContaining(`${path} differs`) as string }),
        );
    }
    expect(changes.map(({ setting }) => setting)).toContain('server.listen');
    expect(JSON.stringify({ gains, losses, changes })).not.toContain('admin-secret');
  });

  test('lists a changed type by the keys of both files, without those that only have a default', async () => {
    const { gains, losses, changes } = await report(POLICY.replace('type: npm', 'type: generic'));
    expect(changes.map(({ setting }) => setting)).toEqual(['services.npm.type']);
    const reasons = (type: string) =>
      Array(2).fill(`service "npm" has the type ${type} in the other configuration`);
    expect(gains.map(({ reason }) => reason)).toEqual(reasons('npm'));
    expect(losses.map(({ reason }) => reason)).toEqual(reasons('generic'));
    const written = POLICY.replace('type: npm', 'type: http, webSockets: false')
      .replaceAll(/\w+_package_registry/g, 'read_api')
      .replaceAll('"@web/ui"', '"/**"');
    const without = write('http.yaml', written);
    const { stdout } = await gatehouse('diff', without, old, '--json');
    const { changes: removed } = JSON.parse(stdout) as DiffReport;
    expect(removed.map(({ setting }) => setting)).toContain('services.npm.webSockets');
    expect(removed.map(({ setting }) => setting)).not.toContain('services.npm.errorFormat');
  });

  test('lists no key that follows from another one', async () => {
    const { gains, changes } = await report(
      POLICY.replace('gateway.example.com', 'other.example.com').replace(
        'upstream:',
        'path: /npm/, upstream:',
      ),
    );
    expect(changes.map(({ setting }) => setting)).toEqual(['services.npm.path', 'server.publicUrl']);
    expect(gains.map(({ certainty }) => certainty)).toContain('certain');
    const registry = write(
      'registry.yaml',
      `${POLICY}  images: { type: oci, upstream: { url: "http://127.0.0.1:9/" } }\n`,
    );
    const prefixed = write(
      'prefixed.yaml',
      `${POLICY}  images: { type: oci, repositoryPrefix: a/, upstream: { url: "http://127.0.0.1:9/" } }\n`,
    );
    const { stdout } = await gatehouse('diff', registry, prefixed, '--json');
    const { gains: ofPrefix, changes: prefix } = JSON.parse(stdout) as DiffReport;
    expect(prefix.map(({ setting }) => setting)).toEqual(['services.images.repositoryPrefix']);
    expect(ofPrefix).toHaveLength(1);
  });

  test('names the keys of a workload identity where they are written', async () => {
    const workload = (id: number, more = '') =>
      `${POLICY}roles: { reader: [{ service: npm, scopes: [read_package_registry], resources: [a] }] }\nworkloadIdentities:\n  ci@example.com:\n    issuer: gitlab\n    projectId: ${id}\n    roles: [reader]\n${more}`;
    const first = write('workload.yaml', workload(20));
    const second = write('workload-2.yaml', workload(21, '    tokenLifetime: 2h\n'));
    const { stdout } = await gatehouse('diff', first, second, '--json');
    const { gains, changes } = JSON.parse(stdout) as DiffReport;
    expect(changes).toEqual([
      {
        setting: 'workloadIdentities.ci@example.com',
        change: 'different',
        detail: 'project_id: equals "20" → equals "21"',
      },
      { setting: 'workloadIdentities.ci@example.com.tokenLifetime', change: 'different', detail: '' },
    ]);
    expect(gains).toContainEqual(
      expect.objectContaining({
        identity: 'ci@example.com',
        reason: 'tokens that the gateway issues to the identity are valid for longer',
        source: `${second}:24`,
      }),
    );
    const { stdout: added } = await gatehouse('diff', old, first);
    expect(added).toMatch(/ {2}workloadIdentities\.ci@example\.com {2}added\n/);
    expect(added).not.toMatch(/ {2}identities\./);
  });

  test('names a deploy token of the configuration by its name', async () => {
    const wider = POLICY.replace('["@web/ui"] }]', '["@web/**"] }]');
    const { stdout } = await diff(wider);
    expect(stdout).toContain('example: read_package_registry on @web/x with deploy token edge\n');
    const { gains } = await report(wider);
    expect(gains[0]?.witness?.credential).toEqual({ class: 'deploy_token', deployToken: 'edge' });
    for (const option of ['--json', '--markdown'])
      expect((await diff(wider, option)).stdout).not.toContain(':deploy-tokens');
  });

  test('files are compared by content, so that two checkouts are equal', async () => {
    const checkout = (name: string, keys: string): string => {
      mkdirSync(join(folder, name));
      write(`${name}/jwks.json`, keys);
      write(
        `${name}/gatehouse.yaml`,
        POLICY.replace('gitlab.example.com" }', 'gitlab.example.com", jwksFile: jwks.json }').replace(
          'issuers:',
          'state: { sqlite: { file: state.db } }\nissuers:',
        ),
      );
      return join(folder, name);
    };
    const first = checkout('first', '{"keys":[]}');
    expect(await gatehouse('diff', first, checkout('second', '{"keys":[]}'))).toMatchObject({
      stdout: 'no differences\n',
    });
    const { stdout } = await gatehouse('diff', first, checkout('third', '{"keys":[{}]}'));
    expect(stdout).toContain('issuers.gitlab.jwksFile differs, so that other tokens are valid');
  });

  test('no text of the policy controls the terminal', async () => {
    const { stdout } = await diff(
      POLICY.replace('ref: main', String.raw`ref: "a\u001b[2J\u009b2J\u202eb"`).replace(
        '"@web/ui"',
        String.raw`"@web/\u202e\u2028ui"`,
      ),
    );
    expect(stdout).toContain('gains (1)');
    expect(stdout).not.toMatch(/[\p{Cf}\p{Zl}\u009b\u001b]/u);
  });

  test('--exit-code', async () => {
    expect(await diff(POLICY, '--exit-code')).toMatchObject({ code: 0, stdout: 'no differences\n' });
    const other = POLICY.replace('ref: main', 'ref: dev');
    expect(await diff(other)).toExitWith(0);
    const { code, stdout, stderr } = await diff(other, '--exit-code');
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain('gains (1)\n  certain  web  id_token  npm  write_package_registry  @web/ui');
    expect(stdout).toContain('with aud https://gateway.example.com and {"project_id":"20","ref":"dev"}');
  });

  test('refuses an invalid configuration and invalid usage with exit code 2', async () => {
    const { code, stdout, stderr } = await diff(
      POLICY.replace('service: npm', 'service: nmp'),
      '--exit-code',
    );
    expect({ code, stdout, stderr }).toExitWith(2);
    expect(stderr).toContain('new.yaml:9:');
    expect(await gatehouse('diff', old)).toExitWith(2);
    expect(await diff(POLICY, '--json', '--markdown')).toExitWith(2);
  });

  test('--markdown fits a comment, the gravest entries first, and no text of the policy becomes markup', async () => {
    const many = Array.from(
      { length: 400 },
      (_, at) =>
        `  p${at}: { issuer: gitlab, match: { project_id: "${1000 + at}", ref: { in: ["a|b", "@all\`x\`"] } }, grants: [{ service: npm, scopes: [write_package_registry], resources: ["@web/**"] }] }\n`,
    ).join('');
    const { code, stdout, stderr } = await diff(
      POLICY.replace('deployTokens:\n', `${many}deployTokens:\n`),
      '--markdown',
    );
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout.length).toBeLessThan(65_536);
    expect(stdout).toMatch(
      /^<!-- gatehouse diff -->\n### Access under the changed policy\n\n\*\*400 gains\*\* \(400 certain\), 0 losses, 400 changed settings\.\n/,
    );
    expect(stdout).toMatch(/\n\d+ more: run `gatehouse diff` for the whole list\.\n/);
    const rows = stdout.split('\n').filter((line) => line.startsWith('| certain |'));
    expect(rows.length).toBeGreaterThan(100);
    for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(10);
    expect(stdout).not.toMatch(/@all`/);
  });
});
