import { gunzip } from 'node:zlib';
import type { BodyWatch, InvalidBody } from '../../core/request/protocol.ts';
import { decompressAll } from '../shared/decompress-all.ts';
import { MAX_FILE_START, type PackageFile } from '../shared/package-file.ts';
import { isZeroed, readTarEntry, TAR_BLOCK, tarBlocks, type TarEntry } from '../shared/tar.ts';
import { gemsIn } from './specification.ts';

/** Bytes of an uncompressed specification. It lists all files of the gem. */
const MAX_SPECIFICATION = 8 * 1024 ** 2;

/** Members after `metadata.gz` (Gem::Package#build, Gem::Package::TarWriter#add_file_signed). */
const OTHERS: ReadonlySet<string> = new Set([
  'metadata.gz.sig',
  'data.tar.gz',
  'data.tar.gz.sig',
  'checksums.yaml.gz',
  'checksums.yaml.gz.sig',
]);

/**
 * Reads a gem as `gem build` creates it: a tar archive that starts with the specification. RubyGems uses the last of
 * several specifications, Gitea the first.
 */
export async function readGem(start: Buffer): Promise<PackageFile> {
  const entry = readTarEntry(start.subarray(0, TAR_BLOCK));
  if (entry === undefined) return invalid('not the archive of a gem');
  // Before RubyGems 2, archives started with the data.
  if (entry.name !== 'metadata.gz' || !entry.isFile) return { kind: 'unreadable' };
  const compressed = start.subarray(TAR_BLOCK, TAR_BLOCK + entry.size);
  if (compressed.length < entry.size)
    return start.length < MAX_FILE_START ? invalid('an incomplete gem') : { kind: 'unreadable' };
  const yaml = await decompress(compressed);
  const [name, ...others] = (yaml && gemsIn(yaml)) ?? [];
  return name === undefined ? { kind: 'unreadable' } : { kind: 'package', name, others, watch: watchGem };
}

/** Undefined if the bytes are not one gzip member: Ruby reads the first member, other programs all of them. */
async function decompress(compressed: Buffer): Promise<Buffer | undefined> {
  try {
    const bytes = await decompressAll(gunzip, compressed, MAX_SPECIFICATION);
    // ISIZE (RFC 1952 §2.3.1) is the size of the last member.
    return compressed.readUInt32LE(compressed.length - 4) === bytes?.length ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Checks the names of all members while the gem streams. */
export function watchGem(): BodyWatch {
  const seen = new Set<string>();
  let skip = 0;
  let header = Buffer.alloc(0);
  let ended = false;

  function check(entry: TarEntry | undefined): InvalidBody | undefined {
    if (entry === undefined) return invalid('a gem with an invalid tar header');
    const known = seen.size === 0 ? entry.name === 'metadata.gz' : OTHERS.has(entry.name);
    if (!known || !entry.isFile || seen.has(entry.name))
      return invalid(`member ${seen.size + 1} of the gem is ${JSON.stringify(entry.name)}`);
    seen.add(entry.name);
    skip = tarBlocks(entry.size);
    return undefined;
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (ended) return isZeroed(chunk.subarray(at)) ? undefined : invalid('data after the end of the gem');
      const skipped = Math.min(skip, chunk.length - at);
      at += skipped;
      skip -= skipped;
      const part = chunk.subarray(at, at + TAR_BLOCK - header.length);
      header = Buffer.concat([header, part]);
      at += part.length;
      if (header.length < TAR_BLOCK) return undefined;
      ended = isZeroed(header);
      const problem = ended ? undefined : check(readTarEntry(header));
      if (problem !== undefined) return problem;
      header = Buffer.alloc(0);
    }
    return undefined;
  };
}

function invalid(detail: string): InvalidBody {
  return { kind: 'invalid', detail };
}
