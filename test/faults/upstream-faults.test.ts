/** An upstream with many faults and one without: no faulty response looks complete, and the other upstream is served. */
import { createServer, type Socket } from 'node:net';
import { request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { watchProcess } from './support/process-watch.ts';
import { startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(4, 100);

const OK_HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK_HEAD}Transfer-Encoding: chunked\r\n\r\n`;

interface Fault {
  readonly answer: (socket: Socket) => void;
  /** Statuses with which the gateway may respond; `cut` is an incomplete response. */
  readonly expected: readonly (number | 'cut')[];
}

const ended = (text: string, ...expected: Fault['expected']): Fault => ({
  answer: (socket) => socket.end(text),
  expected,
});
const reset = (text: string, ...expected: Fault['expected']): Fault => ({
  answer: (socket) => void socket.write(text, () => socket.resetAndDestroy()),
  expected,
});

/** By path. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'closed-at-once': ended('', 502),
  'reset-at-once': { answer: (socket) => void socket.resetAndDestroy(), expected: [502] },
  'half-a-head': ended('HTTP/1.1 200 O', 502),
  'reset-in-head': reset('HTTP/1.1 200 OK\r\nContent-Le', 502),
  garbage: ended('SSH-2.0-OpenSSH_9.9\r\n', 502),
  'status-099': ended('HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nok', 502),
  'two-lengths': ended(`${OK_HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`, 502),
  'length-and-chunked': ended(
    `${OK_HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    502,
  ),
  'huge-head': ended(`${OK_HEAD}X-A: ${'x'.repeat(200_000)}\r\n\r\n`, 502),
  silent: { answer: () => undefined, expected: [504] },
  'trickling-head': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('X-A: b\r\n'), 100);
      socket.once('close', () => clearInterval(timer));
    },
    expected: [502, 504],
  },
  'short-body': ended(`${OK_HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`, 'cut', 502),
  'reset-in-body': reset(`${OK_HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`, 'cut', 502),
  'chunked-cut': ended(`${CHUNKED}3\r\nabc\r\n`, 'cut', 502),
  'chunked-garbage': ended(`${CHUNKED}3\r\nabc\r\nzz\r\n`, 'cut', 502),
  'chunk-too-long': ended(`${CHUNKED}ffffffffffffffff\r\nabc\r\n`, 'cut', 502),
  'silent-in-body': {
    answer: (socket) => socket.write(`${OK_HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`),
    expected: ['cut'],
  },
  'stray-101': ended('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', 502),
};

/** Responds to each request with the fault that its path names. */
async function startFaultyUpstream(): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', (head) => FAULTS[/^GET \/([\w-]+)/.exec(head.toString())?.[1] ?? '']?.answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The status of a complete response, or `cut`. */
function outcomeOf(url: string, token: string): Promise<number | 'cut'> {
  return new Promise((resolve) => {
    const call = request(url, { headers: { Authorization: `Bearer ${token}` }, agent: false }, (answer) => {
      answer.on('error', () => resolve('cut'));
      answer.on('end', () => resolve(answer.complete ? (answer.statusCode ?? 0) : 'cut'));
      answer.resume();
    });
    call.on('error', () => resolve('cut'));
    call.end();
  });
}

faultCase('18 upstream faults', ROUNDS * 3, async (report) => {
  const faulty = keep(await startFaultyUpstream());
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      limits: 'drainDelay: 10ms',
      more: () => `  faulty:
    type: http
    path: /faulty/
    upstream: { url: "${faulty.url}/", timeouts: { connect: 1s, headers: 1s, idle: 1s } }
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
audit: { file: audit.log }
`,
    }),
  );
  const { gateway, token } = scene;
  const watch = watchProcess(gateway);
  const traffic = startTraffic({ url: `${gateway.url}/orders/x`, token, connections: 4, pause: 10 });
  const unexpected: string[] = [];
  let sent = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      Object.entries(FAULTS).map(async ([name, { expected }]) => {
        const outcome = await outcomeOf(`${gateway.url}/faulty/${name}`, token);
        sent += 1;
        if (!expected.includes(outcome)) unexpected.push(`${name}: ${outcome}`);
      }),
    );
  }
  const figures = await watch.stop();
  await traffic.stop();
  report({ faults: sent, unexpected: unexpected.length, requests: traffic.ids.length });
  report({ resets: traffic.resets.length, ...figures });
  expect(unexpected).toEqual([]);
  expect(traffic.resets).toEqual([]);
  expect([...traffic.statuses.keys()]).toEqual([200]);
  expect(await gateway.signal('SIGTERM')).toBe(0);
});
