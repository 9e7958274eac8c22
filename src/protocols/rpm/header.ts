import type { InvalidBody } from '../../core/request/protocol.ts';

/** The name in the header of a package, or why it cannot be read. */
export type PackageName =
  | { readonly kind: 'name'; readonly name: string }
  /** The header continues after the buffered bytes. */
  | { readonly kind: 'beyond' }
  | InvalidBody;

/** The lead: magic and 92 obsolete bytes, among them another name (RPM documentation, "Package format"). */
const LEAD_MAGIC = 0xedabeedb;
const LEAD_LENGTH = 96;

/** A header: magic and version, a reserved word, the number of index entries, the size of the data. */
const HEADER_MAGIC = 0x8eade801;
const INTRO_LENGTH = 16;
/** Tag, type, offset into the data, count. */
const ENTRY_LENGTH = 16;
/** The limits of rpm (lib/header.c, HEADER_TAGS_MAX and HEADER_DATA_MAX). */
const MAX_ENTRIES = 0xffff;
const MAX_DATA = 0x0fffffff;

const NAME_TAG = 1000;
const STRING_TYPE = 6;
/** Characters of a name; no file system stores a longer one. */
const MAX_NAME = 255;

interface Header {
  readonly kind: 'header';
  readonly start: number;
  readonly entries: number;
  readonly data: number;
}

/**
 * `body`: the start of the package. A header that has the tag twice is invalid, because programs could use one or the
 * other.
 */
export function readPackageName(body: Buffer): PackageName {
  if (body.length < LEAD_LENGTH) return { kind: 'beyond' };
  if (body.readUInt32BE() !== LEAD_MAGIC) return invalid('not an RPM package');
  const signature = readHeader(body, LEAD_LENGTH);
  if (signature.kind !== 'header') return signature;
  // The header after the signature starts at a multiple of 8.
  const header = readHeader(body, Math.ceil(endOf(signature) / 8) * 8);
  return header.kind === 'header' ? nameIn(body, header) : header;
}

function readHeader(body: Buffer, start: number): Header | Exclude<PackageName, { kind: 'name' }> {
  if (body.length < start + INTRO_LENGTH) return { kind: 'beyond' };
  if (body.readUInt32BE(start) !== HEADER_MAGIC) return invalid('a package without a header');
  const entries = body.readUInt32BE(start + 8);
  const data = body.readUInt32BE(start + 12);
  return entries > MAX_ENTRIES || data > MAX_DATA
    ? invalid('a header that is too long')
    : { kind: 'header', start, entries, data };
}

function dataOf({ start, entries }: Header): number {
  return start + INTRO_LENGTH + entries * ENTRY_LENGTH;
}

function endOf(header: Header): number {
  return dataOf(header) + header.data;
}

function nameIn(body: Buffer, header: Header): PackageName {
  const data = dataOf(header);
  if (body.length < data) return { kind: 'beyond' };
  let found: number | undefined;
  for (let at = header.start + INTRO_LENGTH; at < data; at += ENTRY_LENGTH) {
    if (body.readUInt32BE(at) !== NAME_TAG) continue;
    const offset = body.readUInt32BE(at + 8);
    if (found !== undefined) return invalid('a header with two names');
    if (
      body.readUInt32BE(at + 4) !== STRING_TYPE ||
      body.readUInt32BE(at + 12) !== 1 ||
      offset >= header.data
    )
      return invalid('a header without a valid package name');
    found = data + offset;
  }
  if (found === undefined) return invalid('a header without a package name');
  const end = body.indexOf(0, found);
  if (end === -1 && body.length <= Math.min(found + MAX_NAME, endOf(header))) return { kind: 'beyond' };
  return end === -1 || end - found > MAX_NAME || end >= endOf(header)
    ? invalid('a header without a valid package name')
    : { kind: 'name', name: body.toString('latin1', found, end) };
}

function invalid(detail: string): InvalidBody {
  return { kind: 'invalid', detail };
}
