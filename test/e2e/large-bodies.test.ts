/** Memory does not grow with body size: 512 MiB in each direction at once, with a slow reader. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { digestOf, largeBody, PIECE } from '../support/large-body.ts';
import { peakMemory } from '../support/peak-memory.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';

const MIB = 1024 * 1024;
const SIZE = 512 * MIB;

test('512 MiB in each direction: complete transfers, bounded resident memory', async () => {
  const scene = await startProcessScene({
    respond(req, res) {
      if (req.method === 'GET') {
        res.writeHead(200, { 'Content-Length': SIZE });
        largeBody(SIZE).pipe(res);
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
    scene.ask('PUT', { body: largeBody(SIZE) }).then((response) => text(response)),
  ]);
  const whole = await digestOf(largeBody(SIZE));
  expect({ pulled, pushed }).toEqual({ pulled: whole, pushed: whole });
  expect((peakMemory(pid) - before) / MIB).toBeLessThan(160);
});

async function text(response: IncomingMessage): Promise<string> {
  let received = '';
  for await (const chunk of response) received += String(chunk);
  return received;
}
