import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freeLoopbackPort } from '../../../src/cli/demo/loopback-port.ts';
import { freePort } from '../../support/free-port.ts';

const LINUX = process.platform === 'linux';

/** The first port that the kernel assigns to connections and to servers on port 0. */
function firstAssigned(): number {
  return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/, 1)[0]);
}

test.runIf(LINUX).each([
  ['of the tests and the bench', freePort],
  ['of the demo', freeLoopbackPort],
])('ports %s are not assigned by the kernel until their server starts', async (_, choose) => {
  const ports = await Promise.all(Array.from({ length: 50 }, choose));
  expect(Math.max(...ports)).toBeLessThan(firstAssigned());
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(1024);
});

test('no port is returned twice to the same process or to another one', async () => {
  const ports = await Promise.all(Array.from({ length: 500 }, freePort));
  expect(new Set(ports).size).toBe(500);
});
