/** Gateway processes whose Redis loses its data, is restored from a snapshot, or is the wrong one. */
import process from 'node:process';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { tellRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const keep = cleanUp();
const NAME = 'ci@workload.example.com';

async function scene() {
  const [redis, issuer] = [keep(await startRedis()), keep(await startIssuer())];
  const upstream = keep(await startHttpUpstream((_req, res) => void res.end('ok')));

  async function start(database = 0): Promise<GatewayProcess> {
    const { gateway } = await startProcessScenario({
      backends: {},
      config: () => `state: { redis: { url: "${redis.url}/${database}", timeout: 1s } }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api], resources: ["**"] }]
workloadIdentities: { ${NAME}: { identity: ci } }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } } }
`,
    });
    return gateway;
  }

  async function minted({ url }: GatewayProcess): Promise<string> {
    const response = await fetch(`${url}/v1/auth:exchangeToken`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: issuer.mint({ project_id: '20' }), email: NAME }),
    });
    expect(response.status).toBe(200);
    return ((await response.json()) as { accessToken: string }).accessToken;
  }
  return { redis, start, minted };
}

const isReady = async ({ adminUrl }: GatewayProcess): Promise<boolean> =>
  (await fetch(`${adminUrl}/readyz`)).status === 200;

const ready = async (gateway: GatewayProcess): Promise<GatewayProcess> => {
  await eventually('ready', () => isReady(gateway));
  return gateway;
};

async function use({ url }: GatewayProcess, token: string): Promise<number> {
  const response = await fetch(`${url}/orders/x`, { headers: { Authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
}

/** The first response that is not 503: the gateway has decided. */
const decided = (gateway: GatewayProcess, token: string): Promise<number> =>
  eventually(
    'a decision',
    async () => {
      const status = await use(gateway, token);
      return status !== 503 && status;
    },
    15_000,
  );

const revoke = async ({ url }: GatewayProcess, token: string): Promise<number> =>
  (await fetch(`${url}/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ token }) })).status;

const metric = async ({ adminUrl }: GatewayProcess, name: string): Promise<number> => {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
};

const storeDetail = async ({ adminUrl }: GatewayProcess): Promise<string | undefined> => {
  const { checks } = (await (await fetch(`${adminUrl}/readyz`)).json()) as {
    checks: readonly { readonly name: string; readonly detail?: string }[];
  };
  return checks.find(({ name }) => name === 'store')?.detail;
};

const said = (gateway: GatewayProcess, text: string): boolean =>
  gateway.log().some(({ message }) => message.includes(text));

needs('redis-server').describe('Redis', () => {
  test.each<readonly [string, (redis: TestRedis, restore: () => Promise<void>) => Promise<unknown>]>([
    ['is emptied (FLUSHALL)', ({ port }) => tellRedis(port, 'FLUSHALL')],
    ['is emptied (FLUSHDB)', ({ port }) => tellRedis(port, 'FLUSHDB')],
    [
      'restarts without its data',
      async (redis) => {
        await redis.kill();
        await redis.forget();
        await redis.restart();
      },
    ],
    [
      'restarts from an older snapshot',
      async (redis, restore) => {
        await redis.kill();
        await restore();
        await redis.restart();
      },
    ],
  ])(
    '%s: tokens and revocations stay, also at a replica that starts at once',
    async (_what, lose) => {
      const { redis, start, minted } = await scene();
      const [one, two] = await Promise.all([start(), start()]);
      await Promise.all([ready(one), ready(two)]);
      const [token, revoked] = [await minted(one), await minted(one)];
      expect([await use(one, token), await use(two, token)]).toEqual([200, 200]);
      const restore = await redis.snapshot();
      expect(await revoke(one, revoked)).toBe(200);
      await eventually('revoked there', async () => (await use(two, revoked)) === 401);

      await lose(redis, restore);
      const young = await ready(await start());
      const later = await minted(young);
      for (const gateway of [one, two, young]) {
        expect(await decided(gateway, token), 'a token from before').toBe(200);
        expect(await decided(gateway, later), 'a token of the new replica').toBe(200);
      }
      await eventually('it is written back', async () => (await use(young, revoked)) === 401);
      expect([await use(one, revoked), await use(two, revoked)]).toEqual([401, 401]);
      const keys = await Promise.all(
        [one, two, young].map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).text()),
      );
      expect(new Set(keys).size).toBe(1);
      for (const gateway of [one, two]) {
        await eventually(
          'it is counted',
          async () => (await metric(gateway, 'gatehouse_store_data_losses_total')) > 0,
        );
        expect(said(gateway, 'Redis has lost data')).toBe(true);
        expect(await storeDetail(gateway)).toMatch(/^Redis lost data at 20\S+Z; known revocations/);
        expect(await isReady(gateway)).toBe(true);
      }
    },
    60_000,
  );

  test('is emptied while all replicas are suspended, and a new one stores another key: tokens of both stay valid', async () => {
    const { redis, start, minted } = await scene();
    const [one, two] = await Promise.all([start(), start()]);
    await Promise.all([ready(one), ready(two)]);
    const token = await minted(one);
    for (const { pid } of [one, two]) process.kill(pid, 'SIGSTOP');
    await tellRedis(redis.port, 'FLUSHALL');
    const young = await ready(await start());
    const later = await minted(young);
    expect(await use(young, token)).toBe(503);
    for (const { pid } of [one, two]) process.kill(pid, 'SIGCONT');
    for (const gateway of [one, two, young]) {
      expect(await decided(gateway, later)).toBe(200);
      expect(await decided(gateway, token)).toBe(200);
    }
    const last = await ready(await start());
    expect([await use(last, token), await use(last, later)]).toEqual([200, 200]);
    expect(said(one, 'the store contains another signing key')).toBe(true);
  }, 60_000);

  test('becomes a read-only replica: requests are served, changes are 503 store_unavailable, and it is reported', async () => {
    const { redis, start, minted } = await scene();
    const other = keep(await startRedis(['--replicaof', '127.0.0.1', String(redis.port)]));
    const one = await ready(await start());
    const token = await minted(one);
    await eventually('replicated', async () =>
      (await tellRedis(other.port, 'INFO replication')).includes('master_link_status:up'),
    );
    await tellRedis(other.port, 'REPLICAOF NO ONE');
    await tellRedis(redis.port, `REPLICAOF 127.0.0.1 ${other.port}`);
    await eventually(
      'it is reported',
      async () =>
        (await storeDetail(one)) === 'Redis refuses writes (READONLY): changes are refused with 503',
      15_000,
    );
    expect(await metric(one, 'gatehouse_store_degraded')).toBe(1);
    expect(await use(one, token)).toBe(200);
    const refused = await fetch(`${one.adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identity: 'ci', reason: 'leaked' }),
    });
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: 'store_unavailable' }]);
    await tellRedis(redis.port, 'REPLICAOF NO ONE');
    await eventually('it is usable again', async () => (await revoke(one, token)) === 200, 15_000);
    await eventually(
      'it is reported',
      async () => (await metric(one, 'gatehouse_store_degraded')) === 0,
      15_000,
    );
    expect(await metric(one, 'gatehouse_store_data_losses_total')).toBe(0);
  }, 60_000);

  test('another database number is another state, and the log says that it was empty', async () => {
    const { start, minted } = await scene();
    const one = await ready(await start());
    const token = await minted(one);
    const other = await ready(await start(1));
    expect(said(other, 'Redis contained no state of Gatehouse')).toBe(true);
    // It may be the first replica after a loss, so it decides later.
    expect(await use(other, token)).toBe(503);
    expect(await decided(other, token)).toBe(401);
    const second = await ready(await start());
    expect(said(second, 'Redis contained no state of Gatehouse')).toBe(false);
    expect(await use(second, token)).toBe(200);
  }, 60_000);

  test('a database number that does not exist: not ready', async () => {
    const { start } = await scene();
    const gateway = await start(99);
    await eventually('it is logged', () => said(gateway, 'the store cannot be reached'));
    expect(await isReady(gateway)).toBe(false);
  });
});
