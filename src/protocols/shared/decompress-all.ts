import type { Zlib } from 'node:zlib';

/** `gunzip` or `zstdDecompress` of Node. */
type Decompress = (
  bytes: Buffer,
  options: { readonly maxOutputLength: number; readonly info: true },
  done: (error: Error | null, result: Buffer) => void,
) => void;

/** The result with the option `info`, which the types of Node do not declare. */
interface Decompressed {
  readonly buffer: Buffer;
  readonly engine: Zlib;
}

/**
 * The decompressed bytes. Undefined if other bytes follow the compressed ones: Node ignores them, Python skips zeros and
 * decompresses the next gzip member. Rejects for invalid data, and for a result longer than `maxLength`.
 */
export function decompressAll(
  decompress: Decompress,
  compressed: Buffer,
  maxLength: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    decompress(compressed, { maxOutputLength: maxLength, info: true }, (error, result) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const { buffer, engine } = result as unknown as Decompressed;
      resolve(engine.bytesWritten === compressed.length ? buffer : undefined);
    });
  });
}
