import type { InvalidBody } from '../../core/request/protocol.ts';

export interface ZipEntry {
  /** As stored; not necessarily a safe path. */
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Bytes of the uncompressed file, as declared. */
  readonly size: number;
  readonly compressed: Buffer;
}

export type ZipArchive =
  | { readonly kind: 'archive'; readonly entries: readonly ZipEntry[] }
  /** Features that not every program reads alike. */
  | { readonly kind: 'unreadable' }
  | InvalidBody;

const SIGNATURES = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const;
/** The Zip64 end record and its locator, which some readers (rubyzip, Python, Go) prefer to the plain record. */
const ZIP64 = ['PK\x06\x06', 'PK\x06\x07'].map((signature) => Buffer.from(signature, 'latin1'));
const END_LENGTH = 22;
/** Compression levels and UTF-8 names. Others: encryption, and sizes after the file instead of before it. */
const PLAIN_FLAGS = 0x0806;
const METHODS: ReadonlySet<number> = new Set([0, 8]);
/** Extra fields that replace the sizes or the name of the entry: Zip64, Unicode path. */
const REPLACING_FIELDS: ReadonlySet<number> = new Set([0x0001, 0x7075]);

/**
 * Reads an archive (APPNOTE 6.3) that programs read alike: files in the order of the directory, from the first byte,
 * without gaps, with the same header before the file and in the directory. Some programs read only one of the two.
 */
export function readZip(bytes: Buffer): ZipArchive {
  const end = bytes.length - END_LENGTH;
  if (end < 0 || bytes.readUInt32LE(end) !== SIGNATURES.end) {
    const anywhere = bytes.includes(Buffer.from('PK\x05\x06', 'latin1'));
    return anywhere ? UNREADABLE : invalid('not a zip archive');
  }
  const [disk, firstDisk, count, total, comment] = [4, 6, 8, 10, 20].map((at) =>
    bytes.readUInt16LE(end + at),
  );
  const [length = 0, start = 0] = [12, 16].map((at) => bytes.readUInt32LE(end + at));
  if (total === 0xffff || length === 0xffffffff || start === 0xffffffff) return UNREADABLE;
  if (ZIP64.every((signature) => bytes.includes(signature))) return UNREADABLE;
  if (disk !== 0 || firstDisk !== 0 || count !== total || comment !== 0 || start + length !== end)
    return invalid('a zip directory that is not at the end of the archive');
  return readEntries(bytes.subarray(0, start), bytes.subarray(start, end), total);
}

/** `files`: the bytes before the directory. */
function readEntries(files: Buffer, directory: Buffer, count = 0): ZipArchive {
  const entries: ZipEntry[] = [];
  let next = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    const central = readHeader(directory.subarray(at), CENTRAL);
    const local = readHeader(files.subarray(next), LOCAL);
    if (central === undefined || local === undefined) return invalid('a truncated zip header');
    if (!isPlain(central) || !isPlain(local)) return UNREADABLE;
    if (!isSame(central, local) || directory.readUInt32LE(at + 42) !== next)
      return invalid('a file whose header differs from the zip directory');
    const content = next + local.length;
    next = content + central.compressedSize;
    if (next > files.length) return invalid('a file that is longer than the archive');
    const { method, crc, size } = central;
    // Java's ZipInputStream reads `size` bytes of a stored file.
    if (method === 0 && size !== central.compressedSize) return invalid('a stored file with two sizes');
    const name = central.name.toString('utf8');
    entries.push({ name, method, crc, size, compressed: files.subarray(content, next) });
    at += central.length;
  }
  return at === directory.length && next === files.length
    ? { kind: 'archive', entries }
    : invalid('bytes that the zip directory does not list');
}

/** Offsets of fields in the two kinds of headers. The fields from `flags` to `name length` are the same in both. */
interface HeaderKind {
  readonly signature: number;
  readonly flags: number;
  readonly hasComment: boolean;
  readonly fixed: number;
}

const LOCAL: HeaderKind = { signature: SIGNATURES.local, flags: 6, hasComment: false, fixed: 30 };
const CENTRAL: HeaderKind = { signature: SIGNATURES.central, flags: 8, hasComment: true, fixed: 46 };
/** Bytes from `flags` up to and including `name length`. */
const COMMON = 22;

interface Header extends Pick<ZipEntry, 'method' | 'crc' | 'size'> {
  readonly flags: number;
  readonly compressedSize: number;
  /** The fields of a fixed length that both kinds have. */
  readonly common: Buffer;
  readonly name: Buffer;
  readonly extra: Buffer;
  readonly commentLength: number;
  readonly length: number;
}

function readHeader(bytes: Buffer, kind: HeaderKind): Header | undefined {
  if (bytes.length < kind.fixed || bytes.readUInt32LE(0) !== kind.signature) return undefined;
  const common = bytes.subarray(kind.flags, kind.flags + COMMON);
  const nameEnd = kind.fixed + common.readUInt16LE(20);
  const extraEnd = nameEnd + bytes.readUInt16LE(kind.flags + COMMON);
  const commentLength = kind.hasComment ? bytes.readUInt16LE(kind.flags + COMMON + 2) : 0;
  const length = extraEnd + commentLength;
  if (length > bytes.length) return undefined;
  return {
    flags: common.readUInt16LE(0),
    method: common.readUInt16LE(2),
    crc: common.readUInt32LE(8),
    compressedSize: common.readUInt32LE(12),
    size: common.readUInt32LE(16),
    common,
    name: bytes.subarray(kind.fixed, nameEnd),
    extra: bytes.subarray(nameEnd, extraEnd),
    commentLength,
    length,
  };
}

function isSame(central: Header, local: Header): boolean {
  return central.common.equals(local.common) && central.name.equals(local.name);
}

function isPlain({ flags, method, commentLength, extra }: Header): boolean {
  if ((flags & ~PLAIN_FLAGS) !== 0 || !METHODS.has(method) || commentLength > 0) return false;
  let at = 0;
  while (at + 4 <= extra.length && !REPLACING_FIELDS.has(extra.readUInt16LE(at)))
    at += 4 + extra.readUInt16LE(at + 2);
  return at === extra.length;
}

const UNREADABLE: ZipArchive = { kind: 'unreadable' };

function invalid(detail: string): InvalidBody {
  return { kind: 'invalid', detail };
}
