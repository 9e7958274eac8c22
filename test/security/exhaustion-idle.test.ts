/** D6: what idle clients and stalled readers cost is bounded, and others are served meanwhile. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { openSocket } from '../support/raw-client.ts';

const keep = cleanUp();
const MIB = 1024 * 1024;
const CLIENTS = 5_000;

let clients: Client[] = [];
beforeEach(() => {
  clients = [];
  keep({ close: () => clients.forEach(({ socket }) => socket.destroy()) });
});

interface Client {
  readonly socket: Socket;
  open: boolean;
}

/** From one of 127/8, so that there can be as many clients as a test likes. */
function come(port: number, from: string): Promise<void> {
  return new Promise((resolve) => {
    const client = { socket: connect({ port, host: '127.0.0.1', localAddress: from }), open: true };
    client.socket.on('error', () => undefined);
    client.socket.once('connect', resolve);
    client.socket.once('close', () => {
      client.open = false;
      resolve();
    });
    client.socket.resume();
    clients.push(client);
  });
}

/** A gigabyte at `/big`; two bytes elsewhere. */
async function start(limits: string): Promise<GatewayProcess> {
  const piece = Buffer.alloc(MIB, 'x');
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      res.on('error', () => undefined);
      if (req.url !== '/big') return void res.end('ok');
      res.writeHead(200, { 'Content-Length': 1024 * MIB });
      let left = 1024;
      const more = (): void => {
        while (left > 0 && !res.destroyed && res.write(piece)) left -= 1;
      };
      res.on('drain', more);
      more();
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-d6-'));
  keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(
    file,
    `version: 1
server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
  limits: ${limits}
services:
  open:
    type: http
    path: /open/
    upstream: { url: "${upstream.url}/" }
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
  );
  return keep(await startGatewayProcess(file));
}

async function metric(gateway: GatewayProcess, series: string): Promise<number> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

/** Bytes. */
function memoryOf({ pid }: GatewayProcess, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
  )?.[1];
  return Number(kilobytes) * 1024;
}

const served = async (gateway: GatewayProcess): Promise<string> =>
  (await fetch(`${gateway.url}/open/a`)).text();

test('D6 5,000 idle clients of one address: the cap of an address holds, others are served', async () => {
  const gateway = await start('{ connectionsPerAddress: 500 }');
  for (let n = 0; n < CLIENTS; n += 250) {
    await Promise.all(Array.from({ length: 250 }, () => come(gateway.port, '127.0.0.9')));
  }
  await eventually('the others are closed', () => clients.filter(({ open }) => open).length === 500);
  expect(await served(gateway)).toBe('ok');
  expect(await metric(gateway, 'gatehouse_connections_refused_total{limit="address"}')).toBe(CLIENTS - 500);
  expect(await metric(gateway, 'gatehouse_connections')).toBeLessThanOrEqual(502);
  const told = gateway.log().filter(({ message }) => message.startsWith('client connections are refused'));
  expect(told).toMatchObject([{ limit: 'address', address: '127.0.0.9' }]);
  for (const { socket } of clients) socket.destroy();
  await eventually(
    'their places are free',
    async () => (await metric(gateway, 'gatehouse_connections')) <= 2,
  );
  await come(gateway.port, '127.0.0.9');
  expect(clients.at(-1)?.open).toBe(true);
}, 60_000);

test('D6 5,000 idle clients of many addresses: memory is bounded, the cap of all holds', async () => {
  const gateway = await start(`{ connections: ${CLIENTS + 1}, headersTimeout: 60s }`);
  expect(await served(gateway)).toBe('ok');
  const before = memoryOf(gateway, 'VmRSS');
  for (let n = 0; n < CLIENTS; n += 250) {
    await Promise.all(
      Array.from({ length: 250 }, (_, at) => come(gateway.port, `127.0.${1 + n / 250}.${1 + at}`)),
    );
  }
  await eventually(
    'all are in',
    async () => (await metric(gateway, 'gatehouse_connections')) >= CLIENTS,
    20_000,
  );
  expect((memoryOf(gateway, 'VmRSS') - before) / MIB).toBeLessThan(120);
  expect(await served(gateway)).toBe('ok');
  await come(gateway.port, '127.0.99.1');
  await come(gateway.port, '127.0.99.2');
  await eventually('one too many is closed', () => clients.at(-1)?.open === false);
  expect(await metric(gateway, 'gatehouse_connections_refused_total{limit="all"}')).toBeGreaterThan(0);
}, 60_000);

test('D6 a gigabyte for a reader that stalls: resident memory bounded, cut after bodyIdle, others are served', async () => {
  const gateway = await start('{ bodyIdle: 1s }');
  expect(await served(gateway)).toBe('ok');
  const before = memoryOf(gateway, 'VmHWM');
  const stalled = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const socket = await openSocket(gateway.port);
      socket.pause();
      socket.on('error', () => undefined);
      socket.write('GET /open/big HTTP/1.1\r\nHost: a.example.com\r\n\r\n');
      clients.push({ socket, open: true });
      return socket;
    }),
  );
  await eventually(
    'they are under way',
    async () => (await metric(gateway, 'gatehouse_requests_in_flight')) === stalled.length,
  );
  expect(await served(gateway)).toBe('ok');
  await eventually(
    'they are cut',
    async () => (await metric(gateway, 'gatehouse_requests_in_flight')) === 0,
    20_000,
  );
  expect((memoryOf(gateway, 'VmHWM') - before) / MIB).toBeLessThan(80);
  expect(await served(gateway)).toBe('ok');
}, 60_000);
