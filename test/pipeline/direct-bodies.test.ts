/**
 * N2: response bodies that pass from the upstream's read buffer to the client's socket. Every byte of a body depends on the
 * body and on its position, so a byte of another read is found wherever it arrives.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { openSocket } from '../support/raw-client.ts';
import { startOrdersScenario, type OrdersOptions } from '../support/scenario/orders.ts';
import { gatewayTls } from '../support/scenario/tls.ts';

const keep = cleanUp();
const KIB = 1024;
/** Bytes of a piece, which consists of the tag of its body and its own number, 8 bytes together. */
const PIECE = 16 * KIB;
/** Bytes of the tag. */
const TAG = 5;

type Listener = Pick<OrdersOptions, 'files' | 'server'>;
const PLAIN: Listener = {};

function tlsListener(): Listener {
  const { files, server, close } = gatewayTls();
  keep({ close });
  return { files, server: server.more.join('') };
}

function pieceOf(tag: string, offset: number): Buffer {
  return Buffer.alloc(PIECE, tag + String(Math.floor(offset / PIECE)).padStart(3, '0'));
}

/** An upstream with TLS, and the files of the gateway that verify it. */
function tlsUpstream() {
  const authority = createAuthority('upstream');
  return {
    server: createTlsServer(authority.issue('IP:127.0.0.1')),
    keys: ', caFile: ca.pem',
    files: { 'ca.pem': authority.certificate },
    scheme: 'https:',
  };
}

/** `/orders/TAG/LENGTH` is answered with a body of LENGTH bytes. */
async function startTagged(tls: Listener = PLAIN, behind?: ReturnType<typeof tlsUpstream>) {
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      const [tag = '', length = '0'] = (req.url ?? '').split('/').slice(1);
      res.writeHead(200, { 'Content-Length': length });
      let left = Number(length);
      const send = (): void => {
        while (left > 0) {
          const piece = pieceOf(tag, Number(length) - left).subarray(0, left);
          left -= piece.length;
          if (!res.write(piece) && left > 0) return void res.once('drain', send);
        }
        res.end();
      };
      send();
    }, behind?.server),
  );
  const scenario = keep(
    await startOrdersScenario(upstream.url.replace('http:', behind?.scheme ?? 'http:'), {
      upstream: `connections: 2000${behind?.keys ?? ''}`,
      // On a busy machine a pipelined request waits longer than 15 s for the body before it.
      limits: 'connectionsPerAddress: 5000, headersTimeout: 120s',
      ...tls,
      files: { ...tls.files, ...behind?.files },
    }),
  );
  return { upstream, scenario };
}

interface Pull {
  readonly tag: string;
  readonly length: number;
}

/** Reads the responses to pipelined pulls, and compares every byte of them. */
function reader(pulls: readonly Pull[]) {
  let at = 0;
  let head = '';
  let received = -1;
  let foreign: string | undefined;

  function body(chunk: Buffer, { tag, length }: Pull): Buffer {
    const inPiece = received % PIECE;
    const mine = chunk.subarray(0, Math.min(length - received, PIECE - inPiece));
    const expected = pieceOf(tag, received).subarray(inPiece, inPiece + mine.length);
    if (!mine.equals(expected)) foreign ??= `a byte of another body in ${tag}`;
    received += mine.length;
    if (received === length) {
      at += 1;
      received = -1;
      head = '';
    }
    return chunk.subarray(mine.length);
  }

  return {
    foreign: () => foreign,
    done: () => at === pulls.length,
    read(chunk: Buffer): void {
      for (let rest = chunk; rest.length > 0;) {
        const pull = pulls[at];
        if (pull === undefined) return void (foreign ??= 'bytes after the last response');
        if (received >= 0) {
          rest = body(rest, pull);
          continue;
        }
        head += rest.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        if (!head.startsWith('HTTP/1.1 200 OK\r\n')) foreign ??= `another response: ${head.slice(0, 40)}`;
        rest = Buffer.from(head.slice(end + 4), 'latin1');
        received = 0;
      }
    },
  };
}

/** Reads in steps, with pauses in between. */
function stallRandomly(socket: Socket): void {
  socket.on('data', () => {
    if (randomInt(4) > 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), randomInt(1, 40));
  });
}

async function openTlsSocket(port: number): Promise<Socket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
}

const ROUTES = [
  { name: 'plain', pulls: 1_000, listener: () => PLAIN, upstream: () => undefined, open: openSocket },
  { name: 'TLS', pulls: 200, listener: tlsListener, upstream: () => undefined, open: openTlsSocket },
  { name: 'TLS upstream', pulls: 200, listener: () => PLAIN, upstream: tlsUpstream, open: openSocket },
  {
    name: 'TLS on both sides',
    pulls: 200,
    listener: tlsListener,
    upstream: tlsUpstream,
    open: openTlsSocket,
  },
];

test.each(ROUTES)(
  '$pulls concurrent pulls, $name: no byte of another body',
  async (route) => {
    const { upstream, scenario } = await startTagged(route.listener(), route.upstream());
    const request = ({ tag, length }: Pull): string => scenario.head('GET', `/orders/${tag}/${length}`);

    async function pull(n: number): Promise<string> {
      const name = (part: number): string => `${n * 10 + part}`.padStart(TAG, '0');
      const long = (part: number): Pull => ({ tag: name(part), length: randomInt(64 * KIB, 512 * KIB) });
      const kind = (['plain', 'stalls', 'leaves', 'pipelines', 'slow'] as const)[n % 5] ?? 'plain';
      const pulls = {
        plain: [long(0)],
        stalls: [long(0)],
        leaves: [long(0)],
        pipelines: [long(0), { tag: name(1), length: 5 }, long(2), { tag: name(3), length: 20 * KIB }],
        // The first ones are larger than the buffers of the kernel.
        slow: [{ tag: name(0), length: (n < 100 ? 10_000 : 1_000) * KIB }],
      }[kind];
      const responses = reader(pulls);
      const socket = await route.open(scenario.port);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => responses.read(chunk));
      if (kind !== 'plain') stallRandomly(socket);
      if (kind === 'slow') socket.pause();
      if (kind === 'slow') setTimeout(() => socket.resume(), 1_000);
      if (kind === 'leaves') socket.once('data', () => setTimeout(() => socket.destroy(), randomInt(20)));
      socket.write(pulls.map(request).join(''));
      await eventually(
        `the end of pull ${n} (${kind})`,
        () => responses.done() || responses.foreign() !== undefined || socket.destroyed,
        120_000,
      );
      socket.destroy();
      return responses.foreign() ?? (responses.done() || kind === 'leaves' ? 'complete' : `cut off: ${kind}`);
    }

    const results = await Promise.all(Array.from({ length: route.pulls }, (_, n) => pull(n)));
    expect(results.filter((result) => result !== 'complete')).toEqual([]);
    await eventually('idle connections', () => upstream.open() === 0, 30_000);
  },
  180_000,
);

test('a client that stalls in the middle, and both connections afterwards', async () => {
  const { upstream, scenario } = await startTagged();
  const large = { tag: 'large', length: 30_000 * KIB };
  const small = { tag: 'small', length: 5 };
  const responses = reader([large, small, large]);
  const socket = await openSocket(scenario.port);
  socket.pause();
  socket.on('data', (chunk: Buffer) => responses.read(chunk));
  socket.pause();
  socket.write(
    [large, small, large].map(({ tag, length }) => scenario.head('GET', `/orders/${tag}/${length}`)).join(''),
  );
  await eventually('the request is at the upstream', () => upstream.open() > 0);
  // Other requests are served meanwhile.
  expect((await scenario.ask('GET', '/orders/other/8')).body).toBe('other000');
  socket.resume();
  await eventually('all responses', () => responses.done() || responses.foreign() !== undefined, 60_000);
  expect(responses.foreign()).toBeUndefined();
  const events = await scenario.audit(4);
  const sizes = events.map(({ gatehouse }) => (gatehouse as { bytes_out: number }).bytes_out);
  expect(sizes.toSorted((a, b) => a - b)).toEqual([5, 8, large.length, large.length]);
  socket.destroy();
}, 90_000);
