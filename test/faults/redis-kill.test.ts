/** Redis is killed while the gateway adds revocations: no acknowledged one is lost, and requests are served. */
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { startRedis } from '../support/redis.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { createRevoker, listedIds, lostOf } from './support/revoke.ts';
import { sleep, startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(3, 20);

needs('redis-server').describe('Redis', () => {
  faultCase('kill -9 of Redis', ROUNDS * 10, async (report) => {
    const redis = keep(await startRedis());
    const scene = keep(
      await startProcessScene({
        respond: (_req, res) => void res.end('ok'),
        limits: 'drainDelay: 10ms',
        more: () => `state: { redis: { url: "${redis.url}", timeout: 1s } }\n`,
      }),
    );
    const { gateway, token } = scene;
    const revoker = createRevoker();
    const traffic = startTraffic({ url: `${gateway.url}/orders/x`, token, connections: 4, pause: 20 });
    for (let round = 0; round < ROUNDS; round++) {
      const before = revoker.acknowledged.size;
      const stop = revoker.start(gateway);
      await eventually('revocations', () => revoker.acknowledged.size > before + 20, 30_000);
      await redis.kill();
      await sleep(500);
      await redis.restart();
      const known = revoker.acknowledged.size;
      await eventually('revocations again', () => revoker.acknowledged.size > known + 20, 30_000);
      await stop();
    }
    await traffic.stop();
    // Another replica has only what Redis kept.
    const replica = keep(await startGatewayProcess(scene.file));
    const lost = await Promise.all(
      [gateway, replica].map(async (each) => lostOf(revoker.acknowledged, await listedIds(each))),
    );
    report({
      kills: ROUNDS,
      acknowledged: revoker.acknowledged.size,
      'not acknowledged': revoker.refused(),
      lost: lost.flat().length,
      requests: traffic.ids.length,
      resets: traffic.resets.length,
    });
    expect(lost).toEqual([[], []]);
    expect(traffic.resets).toEqual([]);
    expect([...traffic.statuses.keys()]).toEqual([200]);
  });
});
