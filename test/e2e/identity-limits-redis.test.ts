/** Two replicas with a real Redis share the limits of identities. */
import { beforeAll, expect, test } from 'vitest';
import { openConversation, type Conversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis, tellRedis } from '../support/redis.ts';
import { useScenario } from '../support/scenario.ts';
import { bothOf } from '../support/scenario/replicas.ts';

const RATE = 20;

needs('redis-server').describe('limits of identities with Redis', () => {
  const scenario = useScenario({
    backends: {
      issuer: () => startIssuer(),
      upstream: () => startRecordingUpstream(),
      redis: () => startRedis(),
    },
    replicas: 2,
    config: ({ issuer, upstream, redis }) => `
state: { redis: { url: "${redis.url}", timeout: 1s } }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  busy: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: api, scopes: [read_api], resources: ["/**"] }], limits: { requestsPerSecond: ${RATE} } }
  long: { issuer: gitlab, match: { project_id: "30" }, grants: [{ service: api, scopes: [read_api], resources: ["/**"] }], limits: { concurrent: 4 } }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } }
`,
  });

  let replicas: readonly [TestGateway, TestGateway];
  let busy = '';
  let long = '';
  beforeAll(async () => {
    replicas = bothOf(scenario);
    busy = scenario.issuer.mint({ project_id: '20' });
    long = scenario.issuer.mint({ project_id: '30' });
    await eventually('both replicas share the limits', () => replicasEverywhere(2));
  });

  async function metric({ adminUrl }: TestGateway, name: string): Promise<number> {
    const text = await (await fetch(`${adminUrl}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  }

  async function replicasEverywhere(count: number): Promise<boolean> {
    const counts = await Promise.all(replicas.map((each) => metric(each, 'gatehouse_limit_replicas')));
    return counts.every((each) => each === count);
  }

  async function get({ url }: TestGateway, token: string): Promise<number> {
    const response = await fetch(`${url}/api/a`, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    return response.status;
  }

  /** Starts a request whose response the upstream does not send. */
  async function hold({ port }: TestGateway): Promise<Conversation> {
    const conversation = await openConversation(port);
    conversation.write(
      `GET /api/held HTTP/1.1\r\nHost: gateway.example.com\r\nAuthorization: Bearer ${long}\r\n\r\n`,
    );
    return conversation;
  }

  /** Requests to both replicas in a loop; returns the number admitted and the seconds. */
  async function saturate(seconds: number): Promise<{ readonly admitted: number; readonly seconds: number }> {
    const began = performance.now();
    const end = began + seconds * 1_000;
    const loop = async (replica: TestGateway): Promise<number> => {
      let admitted = 0;
      while (performance.now() < end) if ((await get(replica, busy)) === 200) admitted += 1;
      return admitted;
    };
    const counts = await Promise.all(replicas.flatMap((each) => [loop(each), loop(each)]));
    const admitted = counts.reduce((sum, each) => sum + each, 0);
    return { admitted, seconds: (performance.now() - began) / 1_000 };
  }

  test(
    'a rate: at most N bursts and two seconds of N times the rate more, then the rate',
    { timeout: 60_000 },
    async () => {
      const first = await saturate(3);
      // Both bursts, and both rates until the parts follow the demand.
      expect(first.admitted).toBeLessThanOrEqual(2 * RATE + 2 * RATE * first.seconds);
      const calls = async (): Promise<number> =>
        Number(
          /cmdstat_hset:calls=(\d+)/.exec(await tellRedis(scenario.redis.port, 'INFO commandstats'))?.[1],
        );
      const before = await calls();
      const steady = await saturate(5);
      // A report that a loaded machine delays leaves the parts of one more second.
      expect(steady.admitted).toBeLessThanOrEqual(RATE * steady.seconds + 2 * RATE);
      expect(steady.admitted).toBeGreaterThanOrEqual((RATE * steady.seconds) / 2);
      // One report for each replica and second, and none for a request.
      expect((await calls()) - before).toBeLessThanOrEqual(2 * (steady.seconds + 2));
    },
  );

  test(
    'requests in flight at one replica take places at the other, until they end',
    { timeout: 60_000 },
    async () => {
      const { upstream } = scenario;
      const [one, two] = replicas;
      upstream.respond((socket, { requestLine }) => {
        if (!requestLine.includes('held')) socket.write(OK);
      });
      const held = [await hold(one), await hold(one), await hold(one), await hold(one)];
      await eventually('the other replica has no place', async () => (await get(two, long)) === 429);
      expect(await get(one, long)).toBe(429);
      held[0]?.destroy();
      await eventually('a place is free at the other replica', async () => (await get(two, long)) === 200);
      for (const each of held) each.destroy();
    },
  );

  test(
    'Redis is killed: requests are served, and each replica has half of the places',
    { timeout: 120_000 },
    async () => {
      const { redis, upstream } = scenario;
      await eventually('no request is in flight', async () => (await get(replicas[1], long)) === 200);
      await redis.kill();
      const failed = async (): Promise<boolean> => {
        const failures = await Promise.all(
          replicas.map((each) => metric(each, 'gatehouse_limit_exchange_failures_total')),
        );
        return failures.every((each) => each >= 7);
      };
      await eventually('the reports are too old', failed, 60_000);
      const held: Conversation[] = [];
      for (const replica of replicas) {
        const seen = upstream.requests().length;
        held.push(await hold(replica), await hold(replica));
        await eventually('both requests are in flight', () => upstream.requests().length >= seen + 2);
        expect(await get(replica, long)).toBe(429);
      }
      for (const each of held) each.destroy();
      await redis.restart();
      await eventually('the replicas share the limits again', () => replicasEverywhere(2), 60_000);
      const [one] = replicas;
      await eventually(
        'one replica has all places',
        async () => {
          const seen = upstream.requests().length;
          const again = [await hold(one), await hold(one), await hold(one)];
          const admitted = await eventually(
            'three requests',
            () => upstream.requests().length >= seen + 3,
            1_000,
          ).catch(() => false);
          for (const each of again) each.destroy();
          return admitted;
        },
        60_000,
      );
    },
  );
});
