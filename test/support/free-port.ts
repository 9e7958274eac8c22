import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below the ports that the kernel gives to connections and to servers on port 0 (ip_local_port_range). */
const PORTS = { first: 20_000, count: 12_000 };

/** One file per port that a test process uses, with the id of the process. */
const CLAIMS = join(tmpdir(), 'gatehouse-test-ports');

/** An unused loopback port, for servers that cannot listen on port 0. Parallel test processes get different ports. */
export async function freePort(): Promise<number> {
  mkdirSync(CLAIMS, { recursive: true });
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count);
    if (claim(port) && (await isFree(port))) return port;
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

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
