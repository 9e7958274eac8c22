import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that the kernel assigns to other programs and to connections (ip_local_port_range). */
const PORTS = { first: 20_000, count: 12_000 };

/** A free port for a server that starts later and cannot report the port that the system chose. */
export async function freeLoopbackPort(): Promise<number> {
  for (;;) {
    const port = randomLoopbackPort();
    if (await isFreePort(port)) return port;
  }
}

export function randomLoopbackPort(): number {
  return PORTS.first + randomInt(PORTS.count);
}

export function isFreePort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
