/** Signing keys and policy change in a running gateway; no valid request is refused. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';

const NAME = 'ci@workload.example.com';

let folder: string;
let issuer: TestIssuer;
let upstream: Awaited<ReturnType<typeof startHttpUpstream>>;
let gateways: GatewayProcess[] = [];

const pem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ format: 'pem', type: 'pkcs8' })
    .toString();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-rotation-'));
  issuer = await startIssuer();
  upstream = await startHttpUpstream((_req, res) => void res.end('here'));
  keys(pem(), pem());
  gateways = await Promise.all(['a', 'b'].map((name) => start(name, 'reader')));
}, 60_000);
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await Promise.all([upstream.close(), issuer.close()]);
  rmSync(folder, { recursive: true, force: true });
});

function keys(first: string, second: string): void {
  writeFileSync(join(folder, 'first.pem'), first, { mode: 0o600 });
  writeFileSync(join(folder, 'second.pem'), second, { mode: 0o600 });
}

function configure(name: string, role: string): string {
  // In a separate folder, because the gateway watches the folder of its configuration.
  mkdirSync(join(folder, name), { recursive: true });
  const file = join(folder, name, 'gatehouse.yaml');
  writeFileSync(
    file,
    `version: 1
server: { listen: "127.0.0.1:0", publicUrl: "https://gateway.example.com", admin: { listen: "127.0.0.1:0" } }
state: { sqlite: { file: ../${name}.db } }
audit: { file: ../${name}.log }
signing: { keys: [{ file: ../first.pem }, { file: ../second.pem }] }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities: { ci: { issuer: gitlab, match: { project_id: "20" }, roles: [${role}] } }
roles:
  reader: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
  nothing: [{ service: orders, scopes: [read_api], resources: ["/public/**"] }]
workloadIdentities: { ${NAME}: { identity: ci } }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } } }
`,
  );
  return file;
}

function start(name: string, role: string): Promise<GatewayProcess> {
  return startGatewayProcess(configure(name, role));
}

async function minted(at: GatewayProcess): Promise<string> {
  const response = await fetch(`${at.url}/v1/auth:exchangeToken`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: issuer.mint(), email: NAME }),
  });
  return ((await response.json()) as { accessToken: string }).accessToken;
}

const use = async (at: GatewayProcess, token: string): Promise<number> =>
  (await fetch(`${at.url}/orders/x`, { headers: { Authorization: `Bearer ${token}` } })).status;

const kidOf = (token: string): unknown =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: unknown }).kid;

/** Waits until each replica has reloaded a key this many times. */
function reread(times: number): Promise<unknown> {
  const seen = (at: GatewayProcess): number =>
    at.log().filter(({ message }) => message === 'signing key reloaded').length;
  return eventually('keys reloaded', () => gateways.every((at) => seen(at) >= times), 20_000);
}

test('swapping the key files under load on both replicas causes no refusal', async () => {
  const [one, two] = gateways as [GatewayProcess, GatewayProcess];
  const old = await minted(one);
  const next = pem();
  const statuses = new Map<number, number>();
  const kids = new Set<unknown>();
  let running = true;

  async function load(from: GatewayProcess, to: GatewayProcess): Promise<void> {
    while (running) {
      const token = await minted(from);
      kids.add(kidOf(token));
      for (const status of await Promise.all([use(to, token), use(from, token), use(to, old)])) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
  }
  const loads = [load(one, two), load(two, one)];
  const [a, b] = ['first.pem', 'second.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
  // The new key has been the second one on all replicas; now it signs, and the old one verifies.
  keys(b ?? '', a ?? '');
  await reread(2);
  const now = await Promise.all([minted(one), minted(two)]);
  expect(now.map(kidOf)).not.toContain(kidOf(old));
  // The next key replaces the old one while replicas still hold its tokens.
  keys(b ?? '', next);
  await reread(3);
  const sofar = statuses.get(200) ?? 0;
  await eventually('the load goes on', () => (statuses.get(200) ?? 0) > sofar + 60, 20_000);
  running = false;
  await Promise.all(loads);
  expect(kids.size).toBe(2);
  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(100);
}, 90_000);

test('a minted token loses access when its identity loses the role', async () => {
  const [one] = gateways as [GatewayProcess];
  const token = await minted(one);
  expect(await use(one, token)).toBe(200);
  configure('a', 'nothing');
  await eventually(
    'the next request after the reload is refused',
    async () => (await use(one, token)) === 403,
    20_000,
  );
  const me = await fetch(`${one.url}/v1/users/me`, { headers: { Authorization: `Bearer ${token}` } });
  expect(await me.json()).toMatchObject({
    roles: ['nothing'],
    grants: [{ service: 'orders', scopes: ['read_api'], resources: ['/public/**'] }],
  });
});
