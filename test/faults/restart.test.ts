/** The gateway restarts again and again under traffic: each complete response has one audit event, and none is cut. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { sleep, startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(4, 60);

faultCase('SIGTERM under traffic', ROUNDS * 5, async (report) => {
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void setTimeout(() => res.end('ok'), 20),
      limits: 'drainDelay: 300ms, drain: 5s',
      more: () => 'audit: { file: audit.log }\n',
    }),
  );
  let { gateway } = scene;
  let answered = 0;
  let longest = 0;
  const cut: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const traffic = startTraffic({ url: `${gateway.url}/orders/x`, token: scene.token, connections: 16 });
    await sleep(500);
    const began = performance.now();
    expect(await gateway.signal('SIGTERM')).toBe(0);
    longest = Math.max(longest, performance.now() - began);
    await traffic.stop();
    answered += traffic.ids.length;
    // A connection that was never accepted ends with a refusal or a reset before any byte.
    cut.push(...traffic.resets.filter((code) => !['ECONNREFUSED', 'ECONNRESET'].includes(code)));
    const events = readFileSync(join(scene.folder, 'audit.log'), 'utf8').split('\n').length - 1;
    report({
      restarts: round + 1,
      requests: answered,
      'audit events': events,
      'responses cut': cut.length,
      'longest shutdown ms': Math.round(longest),
    });
    expect(events).toBe(answered);
    gateway = keep(await startGatewayProcess(scene.file));
  }
  expect(cut).toEqual([]);
  expect(longest).toBeLessThan(7_000);
});
