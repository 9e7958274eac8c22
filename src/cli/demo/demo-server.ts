import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free loopback port; resolves with the URL. */
export function listenLocally(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.unref();
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

/** Starts an upstream that returns the method, path and headers of each request as JSON. */
export async function startEcho(): Promise<{ url: string; close(): void }> {
  const server = createServer((req, res) => {
    const body = { method: req.method, path: req.url, headers: req.headers };
    req.resume();
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(`${JSON.stringify(body, null, 2)}\n`);
  });
  const url = await listenLocally(server);
  return { url, close: () => server.close() };
}
