import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFreePort, randomLoopbackPort } from '../../src/cli/demo/loopback-port.ts';

/** One file per port that a test process uses, with the id of the process. */
const CLAIMS = join(tmpdir(), 'gatehouse-test-ports');

/** An unused loopback port, for servers that cannot listen on port 0. Parallel test processes get different ports. */
export async function freePort(): Promise<number> {
  mkdirSync(CLAIMS, { recursive: true });
  for (;;) {
    const port = randomLoopbackPort();
    if (claim(port) && (await isFreePort(port))) return port;
  }
}

function claim(port: number): boolean {
  const file = join(CLAIMS, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    // The next call can claim the port of a process that has ended.
    if (!isRunning(file)) rmSync(file, { force: true });
    return false;
  }
  if (claimed.size === 0) process.once('exit', release);
  claimed.add(file);
  return true;
}

const claimed = new Set<string>();

function release(): void {
  for (const file of claimed) rmSync(file, { force: true });
}

function isRunning(file: string): boolean {
  try {
    return process.kill(Number(readFileSync(file, 'utf8')), 0);
  } catch {
    return false;
  }
}
