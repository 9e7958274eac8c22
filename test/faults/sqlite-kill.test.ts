/** The gateway is killed while it adds revocations to SQLite: no acknowledged one is lost. */
import process from 'node:process';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { createRevoker, listedIds, lostOf } from './support/revoke.ts';
import { sleep } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(6, 60);

faultCase('kill -9 of the gateway with SQLite', ROUNDS * 4, async (report) => {
  const scene = keep(await startProcessScene({ respond: (_req, res) => void res.end('ok') }));
  const revoker = createRevoker();
  let { gateway } = scene;
  let lost: readonly string[] = [];
  for (let round = 0; round < ROUNDS && lost.length === 0; round++) {
    const stop = revoker.start(gateway);
    await sleep(300 + ((round * 97) % 200));
    process.kill(gateway.pid, 'SIGKILL');
    await stop();
    await gateway.close();
    gateway = keep(await startGatewayProcess(scene.file));
    lost = lostOf(revoker.acknowledged, await listedIds(gateway));
    report({
      kills: round + 1,
      acknowledged: revoker.acknowledged.size,
      'not acknowledged': revoker.refused(),
      lost: lost.length,
    });
  }
  expect(lost).toEqual([]);
  expect(revoker.acknowledged.size).toBeGreaterThan(ROUNDS);
});
