import type { PackageFile } from '../shared/package-file.ts';
import { readControlMember, watchMembers } from './archive.ts';
import { packageOf } from './control.ts';
import { decompress } from './decompress.ts';

/** Reads a package as `dpkg-deb` builds it (deb(5)). */
export async function readDeb(start: Buffer): Promise<PackageFile> {
  const member = readControlMember(start);
  if (member.kind !== 'member') return member;
  const archive = await decompress(member.compression, member.bytes);
  const name = archive === undefined ? undefined : packageOf(archive);
  return name === undefined ? { kind: 'unreadable' } : { kind: 'package', name, watch: watchMembers };
}
