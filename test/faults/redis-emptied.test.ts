/** Redis is emptied while two gateways serve requests and add revocations: no revocation is lost, no token is refused. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { tellRedis, startRedis } from '../support/redis.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { startTraffic, type Traffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(4, 60);
const NAME = 'ci@workload.example.com';

/** Adds revocations one after the other; resolves to the acknowledged ids. */
async function revoke({ adminUrl }: GatewayProcess, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const answer = await fetch(`${adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identity: `name-${n}`, reason: 'leaked' }),
    });
    const { id } = (await answer.json()) as { id?: string };
    if (answer.status === 201 && id !== undefined) ids.push(id);
  }
  return ids;
}

const listed = async ({ adminUrl }: GatewayProcess): Promise<ReadonlySet<string>> => {
  const { revocations } = (await (await fetch(`${adminUrl}/revocations`)).json()) as {
    revocations: readonly { readonly id: string }[];
  };
  return new Set(revocations.map(({ id }) => id));
};

needs('redis-server').describe('Redis', () => {
  faultCase('an emptied Redis with two gateways', ROUNDS * 6, async (report) => {
    const redis = keep(await startRedis());
    const scene = keep(
      await startProcessScene({
        respond: (_req, res) => void res.end('ok'),
        limits: 'drainDelay: 10ms',
        more: () =>
          `state: { redis: { url: "${redis.url}", timeout: 1s } }\nworkloadIdentities: { ${NAME}: { identity: payments } }\n`,
      }),
    );
    const start = async (): Promise<GatewayProcess> => {
      const gateway = keep(await startGatewayProcess(join(scene.folder, 'gatehouse.yaml')));
      await eventually('ready', async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 200);
      return gateway;
    };
    const isReady = async ({ adminUrl }: GatewayProcess): Promise<boolean> =>
      (await fetch(`${adminUrl}/readyz`)).status === 200;
    await eventually('ready', () => isReady(scene.gateway));
    const gateways = [scene.gateway, await start()];
    const exchange = await fetch(`${scene.gateway.url}/v1/auth:exchangeToken`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: scene.token, email: NAME }),
    });
    const { accessToken: token } = (await exchange.json()) as { accessToken: string };
    // A replica reads the signing key within a second of its start.
    for (const { url } of gateways) {
      const headers = { Authorization: `Bearer ${token}` };
      await eventually('it has the key', async () => (await fetch(`${url}/orders/x`, { headers })).ok);
    }
    const traffic = gateways.map(({ url }) =>
      startTraffic({ url: `${url}/orders/x`, token, connections: 2, pause: 20 }),
    );
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const adding = Promise.all(gateways.map((gateway) => revoke(gateway, 30)));
      await tellRedis(redis.port, round % 2 === 0 ? 'FLUSHALL' : 'FLUSHDB');
      acknowledged.push(...(await adding).flat());
    }
    const replica = await start();
    const last = startTraffic({ url: `${replica.url}/orders/x`, token, connections: 1, pause: 20 });
    const lostAt = async (gateway: GatewayProcess): Promise<number> => {
      const known = await listed(gateway);
      return acknowledged.filter((id) => !known.has(id)).length;
    };
    const all = [...gateways, replica];
    const lost = async (): Promise<number> => Math.max(...(await Promise.all(all.map(lostAt))));
    await eventually('all have all', async () => (await lost()) === 0, 10_000).catch(() => undefined);
    await Promise.all([...traffic, last].map((each) => each.stop()));
    const statusesOf = (each: Traffic): string =>
      [...each.statuses.keys()].toSorted((a, b) => a - b).join('/');
    report({
      flushes: ROUNDS,
      acknowledged: acknowledged.length,
      lost: await lost(),
      requests: traffic.reduce((sum, { ids }) => sum + ids.length, 0),
      statuses: traffic.map(statusesOf).join(' '),
      'statuses of a new replica': statusesOf(last),
    });
    expect(await lost()).toBe(0);
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 40);
    expect(traffic.map(statusesOf)).toEqual(['200', '200']);
    // It may start before another replica has written back the key.
    expect(statusesOf(last)).toMatch(/^200(\/503)?$/);
  });
});
