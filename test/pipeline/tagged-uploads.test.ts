/**
 * N2: the memory of an upload's chunks is freed when the upstream's socket has them. Every byte of a body depends on the
 * body and on its position, so a byte of a chunk that took the place of a freed one is found.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { openSocket } from '../support/raw-client.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();
const KIB = 1024;
/** Bytes of a piece, which consists of the tag of its body and its own number, 8 bytes together. */
const PIECE = 64 * KIB;
const UPLOADS = 24;
/** More than the buffers of the kernel hold. */
const PIECES = 250;

function pieceOf(tag: string, number: number): Buffer {
  return Buffer.alloc(PIECE, tag + String(number).padStart(3, '0'));
}

/** Reads `/TAG` with pauses, and responds with the number of the first piece that is not as sent. */
async function startReader() {
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      const tag = (req.url ?? '').slice(1);
      let received = 0;
      let foreign: number | undefined;
      req.on('data', (chunk: Buffer) => {
        for (let at = 0; at < chunk.length;) {
          const inPiece = received % PIECE;
          const mine = chunk.subarray(at, at + PIECE - inPiece);
          const number = Math.floor(received / PIECE);
          const expected = pieceOf(tag, number).subarray(inPiece, inPiece + mine.length);
          if (!mine.equals(expected)) foreign ??= number;
          received += mine.length;
          at += mine.length;
        }
        if (received > chunk.length && randomInt(8) > 0) return;
        req.pause();
        setTimeout(() => req.resume(), received > chunk.length ? randomInt(20) : 1_000);
      });
      req.on('end', () => res.end(foreign === undefined ? `complete ${received}` : `foreign in ${foreign}`));
    }),
  );
  return keep(
    await startOrdersScenario(upstream.url, {
      upstream: 'connections: 2000',
      limits: 'connectionsPerAddress: 5000',
    }),
  );
}

test('concurrent uploads to an upstream that stalls: no byte of another chunk', async () => {
  const scenario = await startReader();

  async function upload(n: number): Promise<string> {
    const tag = String(n).padStart(5, '0');
    const chunked = n % 3 === 0;
    const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${PIECES * PIECE}`;
    const head = scenario.head('PUT', `/orders/${tag}`).replace('\r\n\r\n', `\r\n${framing}\r\n\r\n`);
    const socket = await openSocket(scenario.port);
    let response = '';
    socket.on('data', (chunk: Buffer) => (response += chunk.toString('latin1')));
    socket.write(head);
    for (let number = 0; number < PIECES; number += 1) {
      if (chunked) socket.write(`${PIECE.toString(16)}\r\n`);
      const more = socket.write(pieceOf(tag, number));
      if (chunked) socket.write('\r\n');
      if (!more) await once(socket, 'drain');
    }
    if (chunked) socket.write('0\r\n\r\n');
    await eventually(
      `the response to upload ${n}`,
      () => /complete|foreign|HTTP\/1.1 [^2]/.test(response),
      60_000,
    );
    socket.destroy();
    return /complete \d+|foreign in \d+/.exec(response)?.[0] ?? response;
  }

  const results = await Promise.all(Array.from({ length: UPLOADS }, (_, n) => upload(n)));
  expect(results.filter((result) => result !== `complete ${PIECES * PIECE}`)).toEqual([]);
}, 120_000);
