import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import type { ZipEntry } from './zip-archive.ts';

/** The uncompressed file. Undefined if it is not the file that the directory describes, or is otherwise compressed. */
export async function unzip({ method, compressed, size, crc }: ZipEntry): Promise<Buffer | undefined> {
  const content = await uncompressed(method, compressed, size);
  return content?.length === size && crc32(content) === crc ? content : undefined;
}

async function uncompressed(method: number, bytes: Buffer, size: number): Promise<Buffer | undefined> {
  if (method === 0) return bytes;
  if (method !== 8 || size === 0) return undefined;
  try {
    const inflated: unknown = await promisify(inflateRaw)(bytes, { maxOutputLength: size, info: true });
    const { buffer, engine } = inflated as InflatedWithInfo;
    // Streaming readers look for the next file behind the compressed data.
    return engine.bytesWritten === bytes.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** The result of `inflateRaw` with `info`. */
interface InflatedWithInfo {
  readonly buffer: Buffer;
  /** `bytesWritten`: the bytes of input that the data ends after. */
  readonly engine: { readonly bytesWritten: number };
}
