/** Torn configurations and reload storms under traffic: no request fails, and memory stays flat. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { growthBetween, liveMemory, MEASURED_MEMORY } from './support/live-memory.ts';
import { watchProcess } from './support/process-watch.ts';
import { sleep, startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(60, 1_000);

faultCase('torn configurations and reload storms', ROUNDS * 0.25, async (report) => {
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      limits: 'drainDelay: 10ms',
      environment: MEASURED_MEMORY,
      more: () => 'audit: { file: audit.log }\n',
    }),
  );
  const { gateway, token, folder } = scene;
  const file = join(folder, 'gatehouse.yaml');
  const whole = readFileSync(file, 'utf8');
  const watch = watchProcess(gateway);
  const traffic = startTraffic({ url: `${gateway.url}/orders/x`, token, connections: 8, pause: 5 });
  let before = await liveMemory(gateway);
  for (let round = 0; round < ROUNDS; round++) {
    if (round === Math.floor(ROUNDS / 2)) {
      before = await liveMemory(gateway);
      watch.reset();
    }
    const text = whole.replace(
      'upstream: {',
      `mode: enforce, upstream: { connections: ${100 + (round % 50)},`,
    );
    // Every other file is torn within a mapping: a prefix that ends between two keys can be a valid configuration.
    if (round % 2 === 0) {
      const open = text.lastIndexOf('{') + 1;
      writeFileSync(file, text.slice(0, open + ((round * 7) % (text.lastIndexOf('}') - open))));
      process.kill(gateway.pid, 'SIGHUP');
      await sleep(20);
    }
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    for (let n = 0; n < 3; n++) process.kill(gateway.pid, 'SIGHUP');
    await sleep(150);
  }
  writeFileSync(file, whole);
  process.kill(gateway.pid, 'SIGHUP');
  await eventually('the last configuration is active', async () => {
    const status = (await (await fetch(`${gateway.adminUrl}/status`)).json()) as { reload: { ok: boolean } };
    return status.reload.ok;
  });
  const figures = await watch.stop();
  const live = growthBetween(before, await liveMemory(gateway));
  await traffic.stop();
  expect(await gateway.signal('SIGTERM')).toBe(0);
  const events = readFileSync(join(folder, 'audit.log'), 'utf8').split('\n').length - 1;
  const reloads = gateway.log().filter(({ message }) => message === 'configuration reloaded').length;
  const { ids, resets, statuses } = traffic;
  report({ rounds: ROUNDS, reloads, requests: ids.length, resets: resets.length, 'audit events': events });
  report({ ...figures, ...live });
  expect(resets).toEqual([]);
  expect([...statuses.keys()]).toEqual([200]);
  expect(events).toBe(ids.length);
  expect(reloads).toBeGreaterThan(ROUNDS / 10);
  expect(figures['RSS MiB']).toBeLessThan(400);
  expect(live['live heap MiB/min']).toBeLessThan(scaled(1_000, 10));
  expect(live['live RSS MiB/min']).toBeLessThan(scaled(1_000, 10));
  // Generous: the load generator and the gateway share the cores.
  expect(figures['longest stall ms']).toBeLessThan(5_000);
});
