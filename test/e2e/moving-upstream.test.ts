/**
 * The host name of an upstream resolves to a new address, as with a Kubernetes Service that moves. The process has a
 * separate /etc/hosts, so the resolver, Node and the gateway are unchanged.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { startProcessScenario } from '../support/scenario/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool } from '../support/tools.ts';

const keep = cleanUp();
const { test } = needs('unshare');

const OLD = '127.0.0.2';
const NEW = '127.0.0.3';

/** Returns its address and keeps connections open for the requested time. */
async function startAt(address: string, port: number): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
    if (req.url === '/slow') res.write(`${address} `);
    else res.end(address);
    if (req.url === '/slow') req.socket.once('end-slow', () => res.end('to the end'));
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  keep({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return server;
}

test('new requests use the new address although the old one still responds; requests in flight finish at the old one', async () => {
  const port = await freePort();
  const old = await startAt(OLD, port);
  await startAt(NEW, port);
  const hosts = join(keep(temporaryFolder('moving')).path, 'hosts');
  const point = (address: string): void => writeFileSync(hosts, `${address} orders.internal\n`);
  point(OLD);
  const own = `mount --bind '${hosts}' /etc/hosts && exec "$@"`;
  const { gateway } = await startProcessScenario({
    backends: {},
    config: () => `services:
  orders:
    type: http
    path: /orders/
    upstream: { url: "http://orders.internal:${port}/", connectionLifetime: 500ms }
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
    through: () => [findTool('unshare') ?? 'unshare', '--mount', '--map-root-user', 'sh', '-c', own, 'sh'],
  });
  const get = async (path = ''): Promise<string> => (await fetch(`${gateway.url}/orders/${path}`)).text();

  let slowSocket: Socket | undefined;
  old.on('request', (req) => {
    if (req.url === '/slow') slowSocket = req.socket;
  });
  const slow = get('slow');
  await eventually('it is in flight', () => slowSocket !== undefined);
  expect(await get()).toBe(OLD);
  point(NEW);
  await eventually('the new address is used', async () => (await get()) === NEW);
  for (let n = 0; n < 5; n++) expect(await get()).toBe(NEW);
  slowSocket?.emit('end-slow');
  expect(await slow).toBe(`${OLD} to the end`);
});
