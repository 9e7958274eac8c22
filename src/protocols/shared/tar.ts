/** Bytes; headers and files start at multiples of it (tar(5)). */
export const TAR_BLOCK = 512;

/** A file in the root of the archive. Others could be stored over it. */
const ENTRY = /^(?:\.\/)?[A-Za-z0-9._-]*$/;

export interface TarEntry {
  readonly name: string;
  readonly size: number;
  readonly isFile: boolean;
}

/** Reads the header of a file or folder (tar(5), "Old-Style" and "POSIX ustar"); no extended headers and links. */
export function readTarEntry(header: Buffer): TarEntry | undefined {
  const text = (start: number, end: number): string =>
    header.toString('latin1', start, end).replace(/\0.*$/s, '');
  const [, size] = /^([0-7]{1,11}) *$/.exec(text(124, 136).trimStart()) ?? [];
  const [, sum] = /^([0-7]{1,7}) *$/.exec(text(148, 156).trimStart()) ?? [];
  const type = text(156, 157);
  const [name, prefix] = [paddedText(header, 0, 100), paddedText(header, 345, 500)];
  if (size === undefined || sum === undefined || Number.parseInt(sum, 8) !== checksum(header))
    return undefined;
  if (!['', '0', '5'].includes(type) || !ENTRY.test(name) || prefix !== '') return undefined;
  // Go's archive/tar does not skip the content of a folder: hidden files would follow.
  if ((type === '5' || name.endsWith('/')) && Number.parseInt(size, 8) !== 0) return undefined;
  return { name: name.replace(/^\.\//, ''), size: Number.parseInt(size, 8), isFile: type !== '5' };
}

/**
 * A field without the NULs at its end. Programs differ in the treatment of bytes after a NUL: RubyGems looks for the mark
 * of another format in the first 20 bytes of a gem (Gem::Package.new).
 */
function paddedText(header: Buffer, start: number, end: number): string {
  return header.toString('latin1', start, end).replace(/\0+$/, '');
}

/** Bytes of a file with its padding. */
export function tarBlocks(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}

/** Whether all bytes are zero, as in the blocks that end an archive. */
export function isZeroed(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}

/** The sum of all bytes, with spaces in place of the sum. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < header.length; i += 1) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum;
}
