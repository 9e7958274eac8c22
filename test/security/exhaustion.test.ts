/** D1, D4, D7: clients that are slow, leave, or close half of a connection, never hold what others need. */
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { openSocket, parseResponses } from '../support/raw-client.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario, type OrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

/** Writes a piece every few milliseconds for as long as it may; resolves with what came back, once it is closed. */
function drip(socket: Socket, piece: string): Promise<{ received: string; after: number }> {
  const began = performance.now();
  let received = '';
  const timer = setInterval(() => socket.write(piece), 20);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('end', () => socket.destroy());
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearInterval(timer);
      resolve({ received, after: performance.now() - began });
    });
  });
}

async function expectGood(rig: OrdersScenario): Promise<void> {
  const answer = await fetch(`${rig.url}/orders/`, { headers: { Authorization: `Bearer ${rig.token}` } });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
}

test('D1 slowloris: a head that drips is closed with 408, and nothing reaches the upstream', async () => {
  const upstream = keep(await startRecordingUpstream());
  const rig = keep(await startOrdersScenario(upstream.url, { limits: 'headersTimeout: 300ms' }));
  const socket = await openSocket(rig.port);
  socket.write('GET /orders/ HTTP/1.1\r\nHost: gateway.example.com\r\n');
  const { received, after } = await drip(socket, 'X-A: b\r\n');
  expect(received).toMatch(/^HTTP\/1\.1 408 /);
  expect(after).toBeLessThan(5_000);
  expect(upstream.bytes()).toBe('');
  await expectGood(rig);
});

test.each([
  ['Content-Length', 'Content-Length: 1000000', 'x'],
  ['chunked', 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
])('D1 slowloris: a body that drips (%s) ends in 408, the upstream is let go', async (_, framing, piece) => {
  const upstream = keep(await startRecordingUpstream());
  const rig = keep(await startOrdersScenario(upstream.url, { limits: 'bodyIdle: 300ms' }));
  const socket = await openSocket(rig.port);
  socket.write(rig.head('PUT', '/orders/x', framing));
  const { received, after } = await drip(socket, piece);
  const [answer] = parseResponses(received);
  expect(answer?.status).toBe(408);
  expect(JSON.parse(answer?.body ?? '')).toMatchObject({ error: 'body_timeout' });
  expect(after).toBeLessThan(5_000);
  const [event] = await rig.audit();
  expect(event?.event.reason).toBe('body_timeout');
  await eventually('no upstream connection', () => upstream.open() === 0);
  await expectGood(rig);
});

test.each([
  ['reads nothing', 0],
  ['reads a few bytes now and then', 16],
])('D1 slow reader: one that %s is cut, and so is the upstream', async (_, bytes) => {
  const chunk = Buffer.alloc(256 * 1024, 'x');
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      res.on('error', () => undefined);
      if (req.url === '/') return void res.end('ok');
      const more = (): void => {
        while (!res.destroyed && res.write(chunk));
      };
      res.on('drain', more);
      more();
    }),
  );
  const rig = keep(await startOrdersScenario(upstream.url, { limits: 'bodyIdle: 300ms' }));
  const socket = await openSocket(rig.port);
  socket.on('error', () => undefined);
  socket.pause();
  const timer = setInterval(() => socket.read(bytes), 20);
  socket.write(rig.head('GET', '/orders/endless'));
  await eventually('the request at the upstream', () => upstream.open() === 1);
  await eventually('the upstream is let go', () => upstream.open() === 0);
  clearInterval(timer);
  socket.destroy();
  const [event] = await rig.audit();
  expect(event).toMatchObject({ event: { reason: 'body_timeout' } });
  await expectGood(rig);
});

test('D4 client abort: five that leave a hanging upstream leave no connection to it', async () => {
  const upstream = keep(await startRecordingUpstream(() => undefined));
  const rig = keep(await startOrdersScenario(upstream.url));
  const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(rig.port)));
  for (const [index, socket] of sockets.entries()) {
    socket.write(rig.head('GET', `/orders/${index}`));
  }
  await eventually('five requests at the upstream', () => upstream.requests().length === 5);
  expect(upstream.open()).toBe(5);
  for (const socket of sockets) socket.resetAndDestroy();
  await eventually('no upstream connection', () => upstream.open() === 0);
  const events = await rig.audit(5);
  for (const event of events) expect(event.gatehouse).toMatchObject({ aborted: true });
  upstream.respond(OK);
  await expectGood(rig);
});

test('D4 client abort: in the middle of an upload and of a download', async () => {
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      req.on('error', () => undefined);
      res.on('error', () => undefined);
      if (req.method === 'PUT') return void req.resume();
      if (req.url === '/') return void res.end('ok');
      res.write('begun');
    }),
  );
  const rig = keep(await startOrdersScenario(upstream.url));
  const upload = await openSocket(rig.port);
  upload.write(`${rig.head('PUT', '/orders/x', 'Content-Length: 1000000')}${'x'.repeat(10_000)}`);
  const download = await openSocket(rig.port);
  download.write(rig.head('GET', '/orders/endless'));
  await new Promise((resolve) => download.once('data', resolve));
  await eventually('both at the upstream', () => upstream.open() === 2);
  upload.destroy();
  download.destroy();
  await eventually('no upstream connection', () => upstream.open() === 0);
  await expectGood(rig);
});

test.each([
  ['at once', OK],
  ['never', () => undefined],
])('D7 half-close: FIN right after the request, the upstream answers %s', async (_, answer) => {
  const upstream = keep(await startRecordingUpstream(answer));
  const rig = keep(await startOrdersScenario(upstream.url));
  const socket = await openSocket(rig.port);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.resume();
  socket.end(rig.head('GET', '/orders/x'));
  await closed;
  // Kept for the next request, or closed with the client: never left hanging.
  const connections = (): number => upstream.open();
  await eventually('nothing hangs', () => typeof answer === 'string' || connections() === 0);
  expect((await rig.audit(1)).length).toBe(1);
  upstream.respond(OK);
  await expectGood(rig);
  expect(connections()).toBeLessThanOrEqual(1);
});

test('D7 half-close: FIN in the middle of a body', async () => {
  const upstream = keep(await startRecordingUpstream());
  const rig = keep(await startOrdersScenario(upstream.url));
  const socket = await openSocket(rig.port);
  socket.on('error', () => undefined);
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`${rig.head('PUT', '/orders/x', 'Content-Length: 100')}half`);
  await eventually('it is at the upstream', () => upstream.bytes().endsWith('half'));
  socket.end();
  await closed;
  await eventually('no upstream connection', () => upstream.open() === 0);
  expect(upstream.requests()).toEqual([]);
  await expectGood(rig);
});
