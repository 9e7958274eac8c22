/** Read buffers: idle connections have none, and connections that share the first one never mix their bytes. */
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createUpstreamPool } from '../../../../src/proxy/transport/upstream-pool.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { cleanUp } from '../../../support/clean-up.ts';
import { eventually } from '../../../support/eventually.ts';
import { seededRandom } from '../../../support/fuzz/seeded-random.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const keep = cleanUp();
const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };
const CONNECTIONS = 100;

/** An upstream that never responds by itself, and a pool for it. */
async function startUpstream(scheme: string) {
  const folder = keep(temporaryFolder('read-buffers'));
  const caFile = join(folder.path, 'ca.crt');
  const authority = createAuthority('read buffers');
  writeFileSync(caFile, authority.certificate);
  const sockets: Socket[] = [];
  const accept = (socket: Socket): void => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', () => (received.requests += 1));
  };
  const server =
    scheme === 'https' ? createTlsServer(authority.issue('IP:127.0.0.1'), accept) : createServer(accept);
  const received = { requests: 0 };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keep({ close: () => server.close() });
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const timeouts = { connect: 20_000, headers: 20_000, idle: 20_000 };
  const settings = { url, caFile, connections: CONNECTIONS, connectionLifetime: 60_000, timeouts };
  const pool = keep(createUpstreamPool('api', settings, LOG));
  return { sockets, received, pool };
}

/** Sends a request. The handler pauses while each view is in use, for so many turns of the event loop. */
function send(pool: ReturnType<typeof createUpstreamPool>, turns = 0) {
  const response = { body: '', complete: false, buffers: 0 };
  const buffers = new WeakSet<ArrayBufferLike>();
  let inUse: Buffer[] = [];
  pool.dispatch(
    { method: 'GET', path: '/', headers: ['Host', 'a'], repeatable: true },
    {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData(control, view) {
        if (!buffers.has(view.buffer)) response.buffers += 1;
        buffers.add(view.buffer);
        if (turns === 0) return void (response.body += view.toString('latin1'));
        inUse.push(view);
        if (inUse.length > 1) return;
        // The other connections are read before the views are.
        control.pause();
        const wait = (left: number): void => {
          if (left > 0) return void setImmediate(wait, left - 1);
          response.body += Buffer.concat(inUse).toString('latin1');
          inUse = [];
          control.resume();
        };
        wait(turns);
      },
      onResponseEnd: () => void (response.complete = true),
      onResponseError: (_, error) => {
        throw error;
      },
    },
  );
  return response;
}

const head = (length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;

test.each([
  ['http', 20],
  ['http', 300_000],
  ['https', 20],
  ['https', 300_000],
])('%s: 100 idle connections keep no buffers after %i bytes each', async (scheme, length) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { sockets, received, pool } = await startUpstream(scheme);
  const before = (collect(), process.memoryUsage().arrayBuffers);
  const responses = Array.from({ length: CONNECTIONS }, () => send(pool));
  await eventually('all requests', () => received.requests === CONNECTIONS);
  for (const socket of sockets) socket.write(head(length) + 'a'.repeat(length));
  await eventually('all responses', () => responses.every(({ complete }) => complete));
  await eventually('little memory', () => {
    collect();
    return process.memoryUsage().arrayBuffers - before < 2 * 1024 * 1024;
  });
  expect(sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(CONNECTIONS);
});

test.each(['http', 'https'])('%s: responses in parts on many connections are never mixed', async (scheme) => {
  const { sockets, received, pool } = await startUpstream(scheme);
  for (let round = 0; round < 20; round += 1) {
    const responses = Array.from({ length: CONNECTIONS }, () => send(pool, 1));
    await eventually('all requests', () => received.requests === CONNECTIONS * (round + 1));
    const bodies = sockets.map((_, index) => `${round}-${index};`.repeat(3_000));
    // The head of each, then both halves of the body, so that the first read of each comes before the second of any.
    for (const [index, socket] of sockets.entries()) socket.write(head(bodies[index]?.length ?? 0));
    for (const half of [0, 1]) {
      for (const [index, socket] of sockets.entries()) {
        const body = bodies[index] ?? '';
        const middle = Math.floor(body.length / 2);
        socket.write(half === 0 ? body.slice(0, middle) : body.slice(middle));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually('all responses', () => responses.every(({ complete }) => complete));
    expect(responses.map(({ body }) => body).toSorted()).toEqual(bodies.toSorted());
  }
});

test.each([512, 1_400, 5_000, 16_384])(
  'https: records of %i bytes that follow a pause leave the bytes in use unchanged',
  async (length) => {
    const { sockets, received, pool } = await startUpstream('https');
    const random = seededRandom(length);
    for (let round = 1; round <= 10; round += 1) {
      const response = send(pool, random.below(5));
      await eventually('the request', () => received.requests === round);
      const [socket] = sockets;
      if (socket instanceof TLSSocket) socket.setMaxSendFragment(length);
      const body = Array.from({ length: 100_000 }, (_, index) => `${round}-${index};`).join('');
      socket?.write(head(body.length) + body);
      await eventually('the response', () => response.complete);
      expect(response.body === body).toBe(true);
    }
    expect(sockets).toHaveLength(1);
  },
);

test.each(['http', 'https'])('%s: a long body passes through few buffers', async (scheme) => {
  const { sockets, received, pool } = await startUpstream(scheme);
  const response = send(pool, 1);
  await eventually('the request', () => received.requests === 1);
  const body = 'a'.repeat(32 * 1024 * 1024);
  sockets[0]?.write(head(body.length) + body);
  await eventually('the response', () => response.complete);
  expect(response.body.length).toBe(body.length);
  // At most the TCP buffer before and after its growth, or the records of one read.
  expect(response.buffers).toBeLessThanOrEqual(6);
});

test('https: a byte after a response that waits for its client ends the connection, not the response', async () => {
  const { sockets, received, pool } = await startUpstream('https');
  const response = send(pool, 3);
  await eventually('the request', () => received.requests === 1);
  const [socket] = sockets;
  if (socket instanceof TLSSocket) socket.setMaxSendFragment(512);
  // Two records, and a third with the next byte.
  const body = 'a'.repeat(1_024 - head(999).length);
  socket?.write(`${head(body.length)}${body}b`);
  await eventually('the response', () => response.complete);
  expect(response.body).toBe(body);
  await eventually('the end of the connection', () => socket?.destroyed === true);
  const next = send(pool);
  await eventually('the next request', () => sockets.length === 2 && received.requests === 2);
  sockets[1]?.write(`${head(2)}ok`);
  await eventually('the next response', () => next.complete);
  expect(next.body).toBe('ok');
});

test('https: close_notify behind bytes in use completes the response', async () => {
  for (let round = 1; round <= 5; round += 1) {
    const { sockets, received, pool } = await startUpstream('https');
    const response = send(pool, round);
    await eventually('the request', () => received.requests === 1);
    sockets[0]?.end('HTTP/1.0 200 OK\r\n\r\nabc');
    await eventually('the response', () => response.complete);
    expect(response.body).toBe('abc');
  }
});
