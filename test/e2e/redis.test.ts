import { hash } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import { createRevocations, openStore } from '../../src/state/index.ts';
import { recordingLog } from '../support/audit-events.ts';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { needs } from '../support/needs.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis } from '../support/redis.ts';
import { useScenario } from '../support/scenario.ts';
import { bothOf } from '../support/scenario/replicas.ts';
import { revocation, storeContract } from '../support/store-contract.ts';
import { useStarted } from '../support/use-started.ts';
import { promptly } from '../support/promptly.ts';

const SECRET = `ghdt_edge_${'7b'.repeat(32)}`;

needs('redis-server').describe('Redis', () => {
  const redis = useStarted(() => startRedis());

  async function open(prefix = 'contract:', ahead = 0): Promise<Store> {
    const store = openStore(
      { redis: { url: redis.url, timeout: 1_000, prefix } },
      { clock: { now: () => Date.now() + ahead }, log: recordingLog() },
    );
    await eventually('connected', () => !store.health().degraded);
    return store;
  }

  describe('every store', () => storeContract(open));

  test('prefixes keep installations apart', async () => {
    const [one, two] = [await open('one:'), await open('two:')];
    await one.putRevocation(revocation());
    expect((await two.revocations(undefined))?.revocations).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });

  test('replicas exchange reports: the last one of each, without those that are gone', async () => {
    const [one, two] = [await open('reports:'), await open('reports:')];
    expect(await one.exchangeReports('limits', 'one', 'a', [])).toEqual(new Map([['one', 'a']]));
    await one.exchangeReports('limits', 'one', 'b', []);
    expect(await two.exchangeReports('limits', 'two', 'c', [])).toEqual(
      new Map([
        ['one', 'b'],
        ['two', 'c'],
      ]),
    );
    expect(await two.exchangeReports('limits', 'two', 'd', ['one'])).toEqual(new Map([['two', 'd']]));
    await Promise.all([one.close(), two.close()]);
  });

  test('a clock that is ahead removes no value of another replica that has not ended', async () => {
    const [one, ahead] = [await open('ahead:'), await open('ahead:', 3_600_000)];
    const until = Date.now() + 1_800_000;
    await one.keepUntil('keys', new Map([['a', until]]));
    await one.keepUntil('keys', new Map([['ended', Date.now() - 1_000]]));
    const all = await ahead.keepUntil('keys', new Map([['b', until + 3_600_000]]));
    expect([...all.keys()]).toEqual(['a', 'b']);
    await Promise.all([one.close(), ahead.close()]);
  });

  test('killed: calls fail fast with an error; restarted: calls succeed, and no data is lost', async () => {
    const store = await open('killed:');
    const entry = revocation();
    await store.putRevocation(entry);
    await redis.kill();
    for (let call = 0; call < 10; call++) {
      await promptly(2_000, () =>
        expect(store.putRevocation(revocation())).rejects.toMatchObject({ code: 'store_unavailable' }),
      );
    }
    expect(store.health().degraded).toBe(true);
    expect(store.health().errors).toBeGreaterThanOrEqual(10);
    await redis.restart();
    const list = await eventually(
      'the store is back',
      () => store.revocations(undefined).catch(() => undefined),
      15_000,
    );
    expect(list.revocations.map(({ id }) => id)).toEqual([entry.id]);
    await eventually('healthy', () => !store.health().degraded);
    await store.close();
  });

  test('restarted without its data: revocations stay active and are written back', async () => {
    const clock = { now: Date.now };
    const log = recordingLog();
    const store = await open('lost:');
    const polls = vi.spyOn(store, 'revocations');
    const revocations = createRevocations(store, { clock, log }, { poll: 50, maxAge: 60_000 });
    await revocations.start();
    const { id } = await revocations.add({
      target: 'issuer',
      value: 'gitlab',
      issuer: undefined,
      reason: 'x',
      expires: undefined,
    });
    const before = polls.mock.calls.length;
    await eventually('two polls after the revocation', () => polls.mock.calls.length >= before + 2);
    await redis.kill();
    await redis.forget();
    await redis.restart();
    await eventually(
      'said',
      () => log.lines.some(({ message }) => message.includes('has lost its data')),
      15_000,
    );
    expect(revocations.list().map((entry) => entry.id)).toEqual([id]);
    const fresh = await open('lost:');
    expect((await fresh.revocations(undefined))?.revocations.map((entry) => entry.id)).toEqual([id]);
    revocations.stop();
    await Promise.all([store.close(), fresh.close()]);
  });

  describe('two gateways', () => {
    const scenario = useScenario({
      backends: { redis, upstream: () => startRecordingUpstream() },
      replicas: 2,
      config: ({ upstream }) => `
state: { redis: { url: "${redis.url}", timeout: 1s } }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }]
services:
  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }
`,
    });
    let one: TestGateway;
    let two: TestGateway;
    beforeAll(() => {
      [one, two] = bothOf(scenario);
    });

    const read = async (gateway: TestGateway, secret = SECRET) => {
      const response = await fetch(`${gateway.url}/files/a`, { headers: { 'Deploy-Token': secret } });
      await response.text();
      return response.status;
    };

    const revoke = (gateway: TestGateway, body: object) =>
      fetch(`${gateway.adminUrl}/revocations`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });

    test('C6 a revoked deploy token is refused at once, at the other replica within 1 s, and works again afterwards', async () => {
      await eventually(
        'both in sync',
        async () => (await read(one)) === 200 && (await read(two)) === 200,
        10_000,
      );
      await promptly(1_000, async () => {
        const created = await revoke(one, { deployToken: 'edge', reason: 'leaked in a log' });
        const since = performance.now();
        expect(created.status).toBe(201);
        const { id } = (await created.json()) as { id: string };
        expect(await read(one)).toBe(401);
        await eventually('refused there', async () => (await read(two)) === 401);
        const duration = performance.now() - since;

        expect((await fetch(`${two.adminUrl}/revocations/${id}`, { method: 'DELETE' })).status).toBe(204);
        expect(await read(two)).toBe(200);
        await eventually('works there', async () => (await read(one)) === 200);
        return duration;
      });
    });

    test('B2 failures are counted together; the valid secret still works', async () => {
      const guess = (n: number) => `ghdt_edge_${String(n).padStart(64, '0')}`;
      const seen = new Set<number>();
      for (let n = 0; n < 60 && !seen.has(429); n++) seen.add(await read(n % 2 === 0 ? one : two, guess(n)));
      expect(seen).toEqual(new Set([401, 429]));
      const limited = await fetch(`${one.url}/files/a`, { headers: { 'Deploy-Token': guess(99) } });
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      expect([await read(one), await read(two)]).toEqual([200, 200]);
    });

    test('Redis killed: requests continue, changes are refused, metrics report it; restarted: it recovers', async () => {
      await redis.kill();
      expect(await read(one)).toBe(200);
      const refused = await revoke(one, { deployToken: 'edge', reason: 'x' });
      expect([refused.status, await refused.json()]).toMatchObject([503, { error: 'store_unavailable' }]);
      expect(await read(one)).toBe(200);
      const metrics = await (await fetch(`${one.adminUrl}/metrics`)).text();
      expect(metrics).toContain('gatehouse_store_degraded 1');
      await redis.restart();
      const back = await eventually(
        'changes are kept again',
        async () => {
          const response = await revoke(one, { deployToken: 'edge', reason: 'x' });
          return response.status === 201 && response;
        },
        15_000,
      );
      await eventually('refused there', async () => (await read(two)) === 401, 10_000);
      const { id } = (await back.json()) as { id: string };
      await fetch(`${one.adminUrl}/revocations/${id}`, { method: 'DELETE' });
    });
  });
});
