import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

const MIB = 1024 * 1024;

/** One MiB of a large body. */
export const PIECE = Buffer.alloc(MIB, 'gatehouse ');

/** A body of so many bytes, a multiple of a MiB. */
export function largeBody(size: number): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < size; sent += PIECE.length) yield PIECE;
    })(),
  );
}

/** The MD5 of a body. With `pause`, the reader waits for this many milliseconds after every few MiB. */
export async function digestOf(source: Readable, pause = 0): Promise<string> {
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
