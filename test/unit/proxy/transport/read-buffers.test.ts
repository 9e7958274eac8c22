/** Read buffers: idle connections have none, and connections that share the first one never mix their bytes. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createUpstreamPool } from '../../../../src/proxy/transport/upstream-pool.ts';
import { cleanUp } from '../../../support/clean-up.ts';
import { eventually } from '../../../support/eventually.ts';

const keep = cleanUp();
const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };
const CONNECTIONS = 100;

/** An upstream that never responds by itself, and a pool for it. */
async function startUpstream() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', () => (received.requests += 1));
  });
  const received = { requests: 0 };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keep({ close: () => server.close() });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const timeouts = { connect: 20_000, headers: 20_000, idle: 20_000 };
  const settings = { url, connections: CONNECTIONS, connectionLifetime: 60_000, timeouts };
  const pool = keep(createUpstreamPool('api', settings, LOG));
  return { sockets, received, pool };
}

/** Sends a request; the body received so far, and whether the response is complete. */
function send(pool: ReturnType<typeof createUpstreamPool>, { pausing = false } = {}) {
  const response = { body: '', complete: false };
  pool.dispatch(
    { method: 'GET', path: '/', headers: ['Host', 'a'], repeatable: true },
    {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData(control, view) {
        if (!pausing) return void (response.body += view.toString('latin1'));
        // The other connections are read before the view is.
        control.pause();
        setImmediate(() => {
          response.body += view.toString('latin1');
          control.resume();
        });
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
  ['short', 20],
  ['long', 300_000],
])('100 idle connections keep no buffers after a %s response each', async (_, length) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { sockets, received, pool } = await startUpstream();
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

test('responses that arrive in parts on many connections are never mixed', async () => {
  const { sockets, received, pool } = await startUpstream();
  for (let round = 0; round < 20; round += 1) {
    const responses = Array.from({ length: CONNECTIONS }, () => send(pool, { pausing: true }));
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
