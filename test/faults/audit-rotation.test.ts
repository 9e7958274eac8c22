/** The audit file is rotated again and again under traffic: each request has one event, in one of the files. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(15, 300);

faultCase('rotation of the audit file', ROUNDS, async (report) => {
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      limits: 'drainDelay: 10ms',
      more: (folder) => {
        mkdirSync(join(folder, 'audit'));
        return 'audit: { file: audit/audit.log, required: true }\n';
      },
    }),
  );
  const { gateway, token } = scene;
  const folder = join(scene.folder, 'audit');
  const file = join(folder, 'audit.log');
  const traffic = startTraffic({ url: `${gateway.url}/orders/x`, token, connections: 8, pause: 2 });
  for (let round = 0; round < ROUNDS; round++) {
    await eventually('lines', () => existsSync(file) && statSync(file).size > 0, 10_000);
    renameSync(file, `${file}.${round}`);
    // Every third rotation has no signal.
    if (round % 3 !== 0) process.kill(gateway.pid, 'SIGHUP');
  }
  await traffic.stop();
  expect(await gateway.signal('SIGTERM')).toBe(0);
  const events = readdirSync(folder)
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean))
    .map((line) => (JSON.parse(line) as { http: { request: { id: string } } }).http.request.id);
  const written = new Set(events);
  const lost = traffic.ids.filter((id) => !written.has(id));
  report({ rotations: ROUNDS, requests: traffic.ids.length, 'audit events': events.length });
  report({ lost: lost.length, resets: traffic.resets.length });
  expect(lost).toEqual([]);
  expect(events.length).toBe(traffic.ids.length);
  expect(traffic.resets).toEqual([]);
});
