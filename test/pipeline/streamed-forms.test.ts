/** A form is checked for method overrides (H9) while it streams. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { plateau } from '../support/plateau.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();
const MIB = 1024 * 1024;

/** Upper bound of bytes buffered in kernels and streams while the upstream does not read. */
const IN_TRANSIT = 32 * MIB;

test('a slow upstream holds a form with a file back, and gets the whole file of 64 MiB', async () => {
  const file = randomBytes(64 * MIB);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const chunks: Buffer[] = [];
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      void released.then(() => req.on('data', (chunk: Buffer) => void chunks.push(chunk)));
      req.on('end', () => res.end('stored'));
    }),
  );
  const scenario = keep(await startOrdersScenario(upstream.url));
  const request = httpRequest(`${scenario.url}/orders/x`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${scenario.token}`,
      'Content-Type': 'multipart/form-data; boundary=b',
    },
  });
  const answered = once(request, 'response');
  let sent = 0;
  const parts = [HEAD, ...slices(file), END];
  Readable.from(counted(parts, (bytes) => (sent += bytes))).pipe(request);
  expect(await plateau(() => sent)).toBeLessThan(IN_TRANSIT);
  release();
  const [response] = (await answered) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  expect(Buffer.concat(chunks).equals(Buffer.concat(parts))).toBe(true);
});

const HEAD = Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n');
const END = Buffer.from('\r\n--b--\r\n');

function slices(bytes: Buffer): Buffer[] {
  const size = 64 * 1024;
  return Array.from({ length: bytes.length / size }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

function* counted(parts: readonly Buffer[], taken: (size: number) => void): Generator<Buffer> {
  for (const part of parts) {
    taken(part.length);
    yield part;
  }
}
