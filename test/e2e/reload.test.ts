/** Configuration changes in a running process: ConfigMap swaps, edits, and SIGHUP (threats K3). */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { beforeEach, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { createConfigMap } from '../support/config-map.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { findTool } from '../support/tools.ts';

const keep = cleanUp();

let folder: string;
let issuer: TestIssuer;
let upstream: RecordingUpstream;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-reload-'));
  keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
  issuer = keep(await startIssuer());
  upstream = keep(await startRecordingUpstream());
});

/** `scopes` are the scopes of the job; `listen` requires a restart. */
function yaml(scopes: string, { listen = '127.0.0.1:0', more = '' } = {}): string {
  return `version: 1
server:
  listen: ${listen}
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
state: { sqlite: { file: ${join(folder, 'state.db')} } }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: ${scopes}, resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/"${more} } }
`;
}

const READ = '[read_api]';
const WRITE = '[write_api]';

async function get(gateway: GatewayProcess): Promise<number> {
  const answer = await fetch(`${gateway.url}/orders/a`, {
    headers: { Authorization: `Bearer ${issuer.mint({ project_id: '20' })}` },
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function said(gateway: GatewayProcess) {
  const status = (await (await fetch(`${gateway.adminUrl}/status`)).json()) as {
    config: string;
    reload: { ok: boolean; at: string | null; restartNeeded: string[] };
  };
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
  return {
    ...status,
    successful: value('gatehouse_config_last_reload_successful'),
    timestamp: value('gatehouse_config_last_reload_timestamp_seconds'),
    hash: /^gatehouse_config_info\{hash="(\w+)"\} 1$/m.exec(metrics)?.[1],
  };
}

/** Without root's capability to read any file. */
function asAnybody(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  return [findTool('setpriv') ?? 'setpriv', '--bounding-set', '-dac_override,-dac_read_search'];
}

const messages = (gateway: GatewayProcess, message: string) =>
  gateway.log().filter((record) => record.message === message);

test('ConfigMap swaps: each is active without a restart, with its hash in metrics and on the admin listener', async () => {
  const map = createConfigMap(join(folder, 'config'));
  map.write({ 'gatehouse.yaml': yaml(READ) });
  const gateway = keep(await startGatewayProcess(map.folder));
  expect(await get(gateway)).toBe(200);
  const first = await said(gateway);
  expect(first).toMatchObject({
    successful: 1,
    timestamp: 0,
    hash: first.config,
    reload: { ok: true, at: null },
  });

  const hashes = [first.config];
  for (const [scopes, status] of [
    [WRITE, 403],
    [READ, 200],
    [WRITE, 403],
  ] as const) {
    map.write({ 'gatehouse.yaml': yaml(scopes) });
    await eventually(`${scopes} is active`, async () => (await get(gateway)) === status);
    const now = await said(gateway);
    expect(now).toMatchObject({ successful: 1, hash: now.config, reload: { ok: true, restartNeeded: [] } });
    expect(now.timestamp).toBeCloseTo(Date.parse(now.reload.at ?? '') / 1000, 2);
    hashes.push(now.config);
  }
  expect(hashes).toEqual([hashes[0], hashes[1], hashes[0], hashes[1]]);
  expect(new Set(hashes).size).toBe(2);
  expect(messages(gateway, 'configuration reloaded').map(({ hash }) => hash)).toEqual(hashes.slice(1));
});

needs('setpriv').describe(
  'K3 an invalid configuration: the previous one stays active, and the problem is logged',
  () => {
    test.each<[string, (file: string) => void, RegExp]>([
      ['empty', (file) => writeFileSync(file, ''), /gatehouse\.yaml:1:1/],
      ['torn', (file) => writeFileSync(file, yaml(WRITE).slice(0, 400)), /gatehouse\.yaml:\d+:\d+: /],
      ['missing', (file) => rmSync(file), /does not exist/],
      [
        'wrong',
        (file) => writeFileSync(file, yaml('[raed_api]')),
        /gatehouse\.yaml:12:\d+: identities\.payments\.grants\[0\]\.scopes\[0\]/,
      ],
      ['unreadable', (file) => chmodSync(file, 0), /cannot be read: permission denied/],
    ])('K3 %s', async (_, spoil, problem) => {
      const file = join(folder, 'gatehouse.yaml');
      writeFileSync(file, yaml(READ));
      const gateway = keep(await startGatewayProcess(file, {}, asAnybody()));
      const before = await said(gateway);
      spoil(file);
      await eventually('the problem is logged', () => messages(gateway, 'configuration problem').length > 0);
      expect(messages(gateway, 'configuration problem')[0]?.['problem']).toMatch(problem);
      expect(await get(gateway)).toBe(200);
      const failed = await said(gateway);
      expect(failed).toMatchObject({
        successful: 0,
        hash: before.hash,
        config: before.config,
        reload: { ok: false },
      });
      expect(failed.timestamp).toBeGreaterThan(0);

      rmSync(file, { force: true });
      writeFileSync(file, yaml(WRITE), { mode: 0o644 });
      await eventually('the valid configuration is active', async () => (await get(gateway)) === 403);
      expect(await said(gateway)).toMatchObject({ successful: 1, reload: { ok: true } });
    });
  },
);

test('SIGHUP: reloaded at once; a secret file that was missing is found', async () => {
  const config = join(folder, 'config');
  mkdirSync(config);
  const file = join(config, 'gatehouse.yaml');
  writeFileSync(file, yaml(READ));
  const gateway = keep(await startGatewayProcess(file));
  const secret = join(folder, 'secret');
  writeFileSync(file, yaml(READ, { more: `, auth: { bearer: { tokenFile: "${secret}" } }` }));
  await eventually('the problem is logged', () => messages(gateway, 'configuration problem').length === 1);
  expect(messages(gateway, 'configuration problem')[0]?.['problem']).toContain(`${secret} does not exist`);
  writeFileSync(secret, 'sesame-of-the-upstream\n', { mode: 0o600 });
  process.kill(gateway.pid, 'SIGHUP');
  await eventually('it is active', () => messages(gateway, 'configuration reloaded').length === 1);
  expect(await get(gateway)).toBe(200);
  expect(upstream.bytes()).toContain('Bearer sesame-of-the-upstream');

  process.kill(gateway.pid, 'SIGHUP');
  await eventually('another reload', () => messages(gateway, 'configuration reloaded').length === 2);
  expect(await get(gateway)).toBe(200);
  expect(upstream.accepted()).toBe(1);
});

test('keys that need a restart are named in the log and on the admin listener; other changes take effect', async () => {
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(file, yaml(READ));
  const gateway = keep(await startGatewayProcess(file));
  writeFileSync(file, `${yaml(WRITE, { listen: '127.0.0.1:1' })}logs: { access: true }\n`);
  await eventually('it is active', async () => (await get(gateway)) === 403);
  expect(messages(gateway, 'some changed keys take effect only after a restart')).toMatchObject([
    { keys: 'server.listen logs' },
  ]);
  expect((await said(gateway)).reload.restartNeeded).toEqual(['server.listen', 'logs']);
  writeFileSync(file, yaml(READ));
  await eventually('the previous configuration is active', async () => (await get(gateway)) === 200);
  expect((await said(gateway)).reload.restartNeeded).toEqual([]);
  expect(readFileSync(file, 'utf8')).toBe(yaml(READ));
});
