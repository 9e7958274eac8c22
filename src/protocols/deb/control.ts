import { debName } from './names.ts';

const BLOCK = 512;
const EMPTY = Buffer.alloc(BLOCK);

/** Files of a control archive. Packages have about a dozen. */
const MAX_ENTRIES = 1000;

/** A file in the root of the archive. Others could be stored over the control file. */
const ENTRY = /^(?:\.\/)?[A-Za-z0-9._-]*$/;

/**
 * The package in the file `control` of an uncompressed control archive. Undefined if the archive or the file is not as
 * dpkg-deb writes it: programs could then read another name.
 */
export function packageOf(archive: Buffer): string | undefined {
  let control: Buffer | undefined;
  let at = 0;
  for (let count = 0; !archive.subarray(at, at + BLOCK).equals(EMPTY); count += 1) {
    const entry = count < MAX_ENTRIES ? readEntry(archive.subarray(at, at + BLOCK)) : undefined;
    if (entry === undefined) return undefined;
    const content = archive.subarray(at + BLOCK, at + BLOCK + entry.size);
    if (content.length < entry.size) return undefined;
    if (entry.name.toLowerCase() === 'control') {
      if (control !== undefined || !entry.isFile) return undefined;
      control = content;
    }
    at += BLOCK + Math.ceil(entry.size / BLOCK) * BLOCK;
  }
  // The end is two blocks of zeros; nothing follows it.
  const end = archive.subarray(at);
  const ended = end.length >= 2 * BLOCK && end.equals(Buffer.alloc(end.length));
  return ended && control !== undefined ? nameIn(control) : undefined;
}

interface Entry {
  readonly name: string;
  readonly size: number;
  readonly isFile: boolean;
}

/** A header of a file or folder (tar(5), "Old-Style" and "POSIX ustar"); no extended headers and links. */
function readEntry(header: Buffer): Entry | undefined {
  const text = (start: number, end: number): string =>
    header.toString('latin1', start, end).replace(/\0.*$/s, '');
  const [, size] = /^([0-7]{1,11}) *$/.exec(text(124, 136).trimStart()) ?? [];
  const [, sum] = /^([0-7]{1,7}) *$/.exec(text(148, 156).trimStart()) ?? [];
  const type = text(156, 157);
  const name = text(0, 100);
  if (size === undefined || sum === undefined || Number.parseInt(sum, 8) !== checksum(header))
    return undefined;
  if (!['', '0', '5'].includes(type) || !ENTRY.test(name) || text(345, 500) !== '') return undefined;
  return { name: name.replace(/^\.\//, ''), size: Number.parseInt(size, 8), isFile: type !== '5' };
}

/** The sum of all bytes, with spaces in place of the sum. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < header.length; i += 1) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum;
}

/** The field `Package` of a file with one paragraph (deb-control(5)). */
function nameIn(control: Buffer): string | undefined {
  const text = control.toString('latin1').trimEnd();
  if (/[\0\r]|\n[ \t]*\n/.test(text)) return undefined;
  const names = text.match(/^package[ \t]*:.*$/gim) ?? [];
  const [, name = ''] = /^Package:[ \t]*([^ \t]+)[ \t]*$/.exec(names[0] ?? '') ?? [];
  return names.length === 1 ? debName(name) : undefined;
}
