import type { BodyWatch, InvalidBody } from '../../core/request/protocol.ts';

export type Compression = 'none' | 'gz' | 'xz' | 'zst';

/** The control member of a package, or why it cannot be read. */
export type ControlMember =
  | { readonly kind: 'member'; readonly compression: Compression; readonly bytes: Buffer }
  /** It ends after the buffered bytes, or its compression is not supported. */
  | { readonly kind: 'unreadable' }
  | InvalidBody;

const MAGIC = '!<arch>\n';
const HEADER_LENGTH = 60;

const COMPRESSIONS: ReadonlyMap<string, Compression> = new Map([
  ['', 'none'],
  ['.gz', 'gz'],
  ['.xz', 'xz'],
  ['.zst', 'zst'],
]);

/**
 * Members in their order (deb(5)): `debian-binary`, the control archive, then others. Gitea takes the first member
 * whose name starts with `control.tar`, dpkg the second member, so the name can be in one place only.
 */
const MEMBERS = [/^debian-binary$/, /^control\.tar(?:\.[a-z0-9]+)?$/] as const;
const LAST = /^(?:data\.tar(?:\.[a-z0-9]+)?|_.*)$/;

interface Member {
  readonly kind: 'header';
  readonly name: string;
  readonly size: number;
}

/** `body`: the start of the package. */
export function readControlMember(body: Buffer): ControlMember {
  if (body.toString('latin1', 0, MAGIC.length) !== MAGIC) return invalid('not an ar archive');
  const version = readHeader(body.subarray(MAGIC.length), 0);
  if (version.kind === 'invalid') return version;
  const start = MAGIC.length + HEADER_LENGTH + paddedSize(version.size);
  const control = readHeader(body.subarray(start), 1);
  if (control.kind === 'invalid') return control;
  const compression = COMPRESSIONS.get(control.name.slice('control.tar'.length));
  const bytes = body.subarray(start + HEADER_LENGTH, start + HEADER_LENGTH + control.size);
  return compression === undefined || bytes.length < control.size
    ? { kind: 'unreadable' }
    : { kind: 'member', compression, bytes };
}

/** Checks the names of all members while the package streams. */
export function watchMembers(): BodyWatch {
  let index = 0;
  let skip = MAGIC.length;
  let header = Buffer.alloc(0);
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      const skipped = Math.min(skip, chunk.length - at);
      at += skipped;
      skip -= skipped;
      if (skip > 0) return undefined;
      const part = chunk.subarray(at, at + HEADER_LENGTH - header.length);
      header = Buffer.concat([header, part]);
      at += part.length;
      if (header.length < HEADER_LENGTH) return undefined;
      const member = readHeader(header, index);
      if (member.kind === 'invalid') return member;
      index += 1;
      skip = paddedSize(member.size);
      header = Buffer.alloc(0);
    }
    return undefined;
  };
}

/** A header is ASCII: name (16), date, owner, group and mode (32), size (10), end mark (ar(5)). */
function readHeader(bytes: Buffer, index: number): Member | InvalidBody {
  const header = bytes.toString('latin1', 0, HEADER_LENGTH);
  const name = header.slice(0, 16).trimEnd().replace(/\/$/, '');
  const [, size] = /^(\d+) *$/.exec(header.slice(48, 58)) ?? [];
  if (size === undefined || header.slice(58) !== '`\n')
    return invalid(`member ${index + 1} of the package has an invalid header`);
  return (MEMBERS[index] ?? LAST).test(name)
    ? { kind: 'header', name, size: Number(size) }
    : invalid(`member ${index + 1} of the package is ${JSON.stringify(name)}`);
}

/** Members start at even offsets. */
function paddedSize(size: number): number {
  return size + (size % 2);
}

function invalid(detail: string): InvalidBody {
  return { kind: 'invalid', detail };
}
