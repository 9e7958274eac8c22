/** Memory does not grow with body size: 512 MiB in each direction at once, with a slow reader. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { peakMemory } from '../support/peak-memory.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';

const MIB = 1024 * 1024;
const SIZE = 512 * MIB;
const PIECE = Buffer.alloc(MIB, 'gatehouse ');

test('512 MiB in each direction: complete transfers, bounded resident memory', async () => {
  const scene = await startProcessScene({
    respond(req, res) {
      if (req.method === 'GET') {
        res.writeHead(200, { 'Content-Length': SIZE });
        pieces().pipe(res);
        return;
      }
      void digestOf(req).then((digest) => res.end(digest));
    },
  });
  const { pid } = scene.gateway;

  // A small request first, so that the measurement excludes one-time allocations.
  (await scene.ask('PUT', { body: Readable.from([PIECE]) })).resume();
  const before = peakMemory(pid);
  const [pulled, pushed] = await Promise.all([
    scene.ask('GET').then((response) => digestOf(response, 4)),
    scene.ask('PUT', { body: pieces() }).then((response) => text(response)),
  ]);
  const whole = await digestOf(pieces());
  expect({ pulled, pushed }).toEqual({ pulled: whole, pushed: whole });
  expect((peakMemory(pid) - before) / MIB).toBeLessThan(160);
});

function pieces(): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < SIZE; sent += PIECE.length) yield PIECE;
    })(),
  );
}

/** With `pause`, the reader waits for this many milliseconds after every few MiB. */
async function digestOf(source: Readable, pause = 0): Promise<string> {
  const hash = createHash('md5');
  let read = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk);
    read += chunk.length;
    if (pause > 0 && read > 4 * MIB) {
      read = 0;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return hash.digest('hex');
}

async function text(response: IncomingMessage): Promise<string> {
  let received = '';
  for await (const chunk of response) received += String(chunk);
  return received;
}
