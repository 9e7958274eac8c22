import { createReadStream, fstatSync, readdirSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GatehouseError } from '../core/errors.ts';
import { readLines, type StreamLine } from '../util/text/lines.ts';

/** Longer than any audit event: its client texts are cut. */
const MAX_LINE = 256 * 1024;

/** The path that names standard input. */
const STDIN = '-';

/** The file and its rotated predecessors (`audit.log.1`, `audit.log-20261127.gz`), newest first. */
export function auditFiles(path: string): readonly string[] {
  if (path === STDIN) return [STDIN];
  const prefix = basename(path);
  const folder = dirname(path);
  const rotated = namesIn(folder)
    .filter((name) => name.startsWith(prefix) && /^[.-]\d[\d.TZ-]*(\.gz)?$/.test(name.slice(prefix.length)))
    .map((name) => join(folder, name))
    .map((file) => ({ file, at: modified(file) ?? 0 }))
    .toSorted((a, b) => b.at - a.at)
    .map(({ file }) => file);
  if (modified(path) !== undefined) return [path, ...rotated];
  if (rotated.length > 0) return rotated;
  throw new GatehouseError('usage', `--audit ${path} cannot be read, and no rotated file of it exists`);
}

/** The name of a file in messages. */
export function auditFileName(file: string): string {
  return file === STDIN ? 'standard input' : file;
}

/** The lines of a plain or gzipped file, or of standard input. Throws `usage` if it cannot be read. */
export async function* auditLines(file: string, named = '--audit '): AsyncGenerator<StreamLine> {
  const source = file === STDIN ? openStdin() : createReadStream(file);
  try {
    yield* readLines(await decompress(source), MAX_LINE);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new GatehouseError('usage', `${named}${auditFileName(file)} cannot be read (${code})`, { cause });
  } finally {
    source.destroy();
  }
}

/** A pipe can be non-blocking, which a file stream does not support. */
function openStdin(): Readable {
  const facts = fstatSync(0);
  return facts.isFIFO() || facts.isSocket()
    ? new Socket({ fd: 0, readable: true, writable: false })
    : createReadStream('', { fd: 0, autoClose: false });
}

/** Detects gzip by its magic bytes (RFC 1952 §2.3.1). */
async function decompress(source: Readable): Promise<AsyncIterable<Uint8Array>> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const first = await chunks.next();
  const rest = (async function* (): AsyncGenerator<Uint8Array> {
    if (first.done !== true) yield first.value;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  })();
  if (first.done === true || first.value[0] !== 0x1f || first.value[1] !== 0x8b) return rest;
  const output = new PassThrough();
  pipeline(rest, createGunzip(), output).catch((error: unknown) => output.destroy(error as Error));
  return output;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined: there is no such file. */
function modified(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
