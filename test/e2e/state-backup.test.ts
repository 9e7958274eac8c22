/** `gatehouse state backup` and `restore` with a running gateway, and after it has ended. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { gatehouse, type GatewayProcess } from '../support/gateway-process.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const NAME = 'ci@workload.example.com';

async function scene() {
  const scenario = await startProcessScenario({
    backends: {
      issuer: () => startIssuer(),
      upstream: () => startHttpUpstream((_req, res) => void res.end('ok')),
    },
    config: ({ issuer, upstream }) => `state: { sqlite: { file: gatehouse.db } }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: orders, scopes: [read_api], resources: ["**"] }] }
workloadIdentities: { ${NAME}: { identity: ci } }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } } }
`,
  });
  const { folder, file, gateway } = scenario;
  const path = (name: string): string => join(folder, name);
  return {
    ...scenario,
    path,
    backUp: (name: string, url = gateway.adminUrl) =>
      gatehouse('state', 'backup', path(name), '--config', file, '--url', url),
    restore: (name: string, ...options: string[]) =>
      gatehouse('state', 'restore', path(name), '--config', file, ...options),
  };
}

async function revoke({ adminUrl }: GatewayProcess, value: string, reason = 'leaked'): Promise<boolean> {
  const response = await fetch(`${adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ project: value, reason }),
  });
  await response.text();
  return response.status === 201;
}

async function revoked({ adminUrl }: GatewayProcess): Promise<readonly string[]> {
  const response = await fetch(`${adminUrl}/revocations`);
  const { revocations } = (await response.json()) as { revocations: readonly { project: string }[] };
  return revocations.map(({ project }) => project);
}

async function login({ url }: GatewayProcess, issuer: TestIssuer): Promise<string> {
  const response = await fetch(`${url}/v1/auth:exchangeToken`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: issuer.mint({ project_id: '20' }), email: NAME }),
  });
  return ((await response.json()) as { accessToken: string }).accessToken;
}

async function use({ url }: GatewayProcess, token: string): Promise<number> {
  return (await fetch(`${url}/orders/x`, { headers: { Authorization: `Bearer ${token}` } })).status;
}

function projectsIn(file: string): readonly string[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const rows = db.prepare('SELECT body FROM revocations').all();
    return rows.map(({ body }) => (JSON.parse(String(body)) as { value: string }).value);
  } finally {
    db.close();
  }
}

test('a backup while the gateway writes contains every change acknowledged before, for its owner only', async () => {
  const { gateway, backUp, path, folder } = await scene();
  const acknowledged: string[] = [];
  let going = true;
  const writer = (async () => {
    for (let count = 0; going; count += 1) {
      if (await revoke(gateway, `acme/p${count}`)) acknowledged.push(`acme/p${count}`);
    }
  })();
  const made: { readonly name: string; readonly before: readonly string[] }[] = [];
  for (const name of ['one.db', 'two.db', 'three.db']) {
    const before = [...acknowledged];
    expect(await backUp(name)).toMatchObject({ code: 0, stderr: '' });
    made.push({ name, before });
  }
  going = false;
  await writer;
  for (const { name, before } of made) {
    expect(projectsIn(path(name))).toEqual(expect.arrayContaining([...before]));
    expect(statSync(path(name)).mode & 0o777).toBe(0o600);
  }
  expect(made.at(-1)?.before.length).toBeGreaterThan(0);
  expect(readdirSync(folder).filter((name) => /\.(?:new|backup)$/.test(name))).toEqual([]);
  expect((await revoked(gateway)).toSorted()).toEqual(acknowledged.toSorted());
});

test('a restored state has the revocations and the signing key of the backup', async () => {
  const { gateway, issuer, backUp, restore, another, path } = await scene();
  await revoke(gateway, 'acme/leaked');
  const token = await login(gateway, issuer);
  expect(await backUp('state.backup.db')).toExitWith(0);
  expect(await restore('state.backup.db')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is in use by a running gateway; stop it first'),
  });
  await gateway.signal('SIGTERM');
  for (const name of ['gatehouse.db', 'gatehouse.db-wal']) rmSync(path(name), { force: true });
  expect(await restore('state.backup.db')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/is restored from the backup, made \d{4}-\S+Z, with 1 revocation\./),
  });
  const next = await another();
  expect(await revoked(next)).toEqual(['acme/leaked']);
  expect(await use(next, token)).toBe(200);
});

test('a backup that lacks a revocation is refused, with the revocation, unless the loss is accepted', async () => {
  const { gateway, backUp, restore, another, path, folder } = await scene();
  await revoke(gateway, 'acme/first');
  expect(await backUp('old.db')).toExitWith(0);
  await revoke(gateway, 'acme/second', 'stolen laptop');
  await gateway.signal('SIGTERM');
  const refused = await restore('old.db');
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/revocation of project "acme\/second", created \S+: "stolen laptop"/);
  expect(refused.stderr).toContain('does not contain 1 revocation in force');
  expect(refused.stderr).toContain('the revoked credentials would be accepted again');
  expect(projectsIn(path('gatehouse.db'))).toEqual(['acme/first', 'acme/second']);

  const accepted = await restore('old.db', '--accept-loss');
  expect(accepted).toExitWith(0);
  expect(accepted.stderr).toContain('add them again with POST /revocations');
  const previous = readdirSync(folder).find((name) => name.endsWith('.previous')) ?? '';
  expect(projectsIn(path(previous))).toEqual(['acme/first', 'acme/second']);
  expect(await revoked(await another())).toEqual(['acme/first']);
});

test('a link at the name of the state file keeps its target, where the state is restored', async () => {
  const { gateway, backUp, restore, path, folder } = await scene();
  await revoke(gateway, 'acme/first');
  expect(await backUp('state.backup.db')).toExitWith(0);
  await gateway.signal('SIGTERM');
  mkdirSync(path('volume'));
  renameSync(path('gatehouse.db'), path('volume/real.db'));
  symlinkSync('volume/real.db', path('gatehouse.db'));
  expect(await restore('state.backup.db')).toExitWith(0);
  expect(lstatSync(path('gatehouse.db')).isSymbolicLink()).toBe(true);
  expect(projectsIn(path('volume/real.db'))).toEqual(['acme/first']);
  expect(readdirSync(path('volume')).filter((name) => name.endsWith('.previous'))).toHaveLength(1);
  expect(readdirSync(folder).filter((name) => name.endsWith('.previous'))).toEqual([]);
});

test('a backup writes to no file of another user with the name of its draft', async () => {
  const { backUp, path } = await scene();
  writeFileSync(path('foreign'), 'foreign', { mode: 0o666 });
  symlinkSync('foreign', path('state.backup.db.new'));
  expect(await backUp('state.backup.db')).toExitWith(0);
  expect(readFileSync(path('foreign'), 'utf8')).toBe('foreign');
  expect(lstatSync(path('state.backup.db')).isSymbolicLink()).toBe(false);
  expect(projectsIn(path('state.backup.db'))).toEqual([]);
});

test('a damaged state file cannot be compared; a file that is no backup is refused and changes nothing', async () => {
  const { gateway, backUp, restore, path } = await scene();
  expect(await backUp('state.backup.db')).toExitWith(0);
  await gateway.signal('SIGTERM');
  writeFileSync(path('nothing.db'), 'no database');
  expect(await restore('nothing.db')).toExitWith(1);
  expect(await restore('absent.db')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('absent.db does not exist'),
  });
  writeFileSync(path('gatehouse.db'), 'damaged');
  expect(await restore('state.backup.db')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot be compared with the backup'),
  });
  expect(await restore('state.backup.db', '--accept-loss')).toExitWith(0);
  expect(projectsIn(path('gatehouse.db'))).toEqual([]);
});

test('without a running gateway the command makes the copy itself; an existing file is not replaced', async () => {
  const { gateway, backUp, path } = await scene();
  await revoke(gateway, 'acme/leaked');
  await gateway.signal('SIGTERM');
  expect(await backUp('offline.db')).toExitWith(0);
  expect(projectsIn(path('offline.db'))).toEqual(['acme/leaked']);
  expect(await backUp('offline.db')).toMatchObject({ code: 2, stderr: expect.stringContaining('exists') });
  expect(existsSync(path('gatehouse.db'))).toBe(true);
});
