/** The reader of the audit trail on stdout stalls: the process ends in time, and written and lost lines are all lines. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(2, 30);
const IN_FLIGHT = 20;

/** What a pipe contains. */
function countLines(fd: number): number {
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  for (let bytes = readSync(fd, buffer); bytes > 0; bytes = readSync(fd, buffer)) {
    text += buffer.toString('latin1', 0, bytes);
  }
  return text.split('\n').length - 1;
}

faultCase('SIGTERM with a stalled reader of the audit trail', ROUNDS * 8, async (report) => {
  let [requests, written, lost, longest] = [0, 0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    let reader = 0;
    const scene = keep(
      await startProcessScene({
        respond: (req, res) => void (req.url?.endsWith('/stuck') === true || res.end('ok')),
        limits: 'drainDelay: 10ms, drain: 2s',
        through: (folder) => {
          const pipe = join(folder, 'stdout');
          execFileSync('mkfifo', [pipe]);
          reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
          return ['sh', '-c', `exec "$0" "$@" > ${pipe}`];
        },
      }),
    );
    const { gateway, token } = scene;
    const traffic = startTraffic({ url: `${gateway.url}/orders/x`, token, connections: 4 });
    const stuck = startTraffic({
      url: `${gateway.url}/orders/stuck`,
      token,
      connections: IN_FLIGHT,
      pause: 60_000,
    });
    while (traffic.ids.length < 500) await new Promise((resolve) => setTimeout(resolve, 20));
    await traffic.stop();
    await scene.inFlight(IN_FLIGHT);
    const began = performance.now();
    expect(await gateway.signal('SIGTERM')).toBe(0);
    longest = Math.max(longest, performance.now() - began);
    await stuck.stop();
    requests += traffic.ids.length + IN_FLIGHT;
    written += countLines(reader);
    closeSync(reader);
    const record = gateway.log().find(({ message }) => message === 'log lines were not written');
    lost += Number(record?.['lines']);
    report({ requests, written, 'counted as lost': lost, 'longest shutdown ms': Math.round(longest) });
  }
  expect(written + lost).toBe(requests);
  // The drain of two seconds, and two more.
  expect(longest).toBeLessThan(5_000);
});
