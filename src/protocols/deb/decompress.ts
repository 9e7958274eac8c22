import { gunzip, zstdDecompress } from 'node:zlib';
import type { XzReadableStream } from 'xz-decompress';
import { decompressAll } from '../shared/decompress-all.ts';
import type { Compression } from './archive.ts';

/** Bytes of an uncompressed control archive. Kernels and desktop packages have less than 1 MiB. */
const MAX_ARCHIVE = 8 * 1024 ** 2;

type Decoder = (bytes: Buffer) => Promise<Buffer | undefined>;

/** Undefined if the bytes are not valid, or longer than the limit when decompressed. */
export async function decompress(compression: Compression, bytes: Buffer): Promise<Buffer | undefined> {
  const decode = await decoderOf(compression);
  try {
    return await decode(bytes);
  } catch {
    return undefined;
  }
}

async function decoderOf(compression: Compression): Promise<Decoder> {
  switch (compression) {
    case 'none':
      return (bytes) => Promise.resolve(bytes);
    case 'gz':
      return (bytes) => decompressAll(gunzip, bytes, MAX_ARCHIVE);
    case 'zst':
      return (bytes) => decompressAll(zstdDecompress, bytes, MAX_ARCHIVE);
    case 'xz':
      return loadXz();
    default:
      return compression satisfies never;
  }
}

/** A CommonJS module, whose exports are in `default`. */
interface XzLibrary {
  readonly default: { readonly XzReadableStream: typeof XzReadableStream };
}

/** Node has no xz. The library is loaded on first use. */
async function loadXz(): Promise<Decoder> {
  const library = (await import('xz-decompress')) as unknown as XzLibrary;
  return async (bytes) => {
    const compressed = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    // The library decodes one stream at a time. `return` cancels the stream, so that the next one starts.
    for await (const chunk of new library.default.XzReadableStream(compressed)) {
      size += chunk.length;
      if (size > MAX_ARCHIVE) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  };
}
