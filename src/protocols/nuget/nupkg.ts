import type { PackageFile } from '../shared/package-file.ts';
import { readZip, unzip, type ZipEntry } from '../shared/zip-archive.ts';
import { readNuspecId } from './nuspec.ts';
import { packageId } from './routes.ts';

/** Bytes of an uncompressed nuspec. */
const MAX_NUSPEC = 1024 ** 2;

/**
 * Reads a package of NuGet (`.nupkg`, `.snupkg`): a zip archive with one nuspec in its root. NuGet names this file after
 * the package (NuGet.Packaging, PackageBuilder), and some servers take the first `.nuspec` in any folder.
 */
export async function readNupkg(bytes: Buffer): Promise<PackageFile> {
  const archive = readZip(bytes);
  if (archive.kind !== 'archive') return archive;
  const nuspecs: ZipEntry[] = [];
  for (const entry of archive.entries) {
    const name = fileName(entry.name);
    if (name === undefined) return invalid(`the file name ${JSON.stringify(entry.name)} in the package`);
    // `ſ` is `s` to parsers that fold Unicode.
    if (/\.nuspec$/iu.test(name)) nuspecs.push({ ...entry, name });
  }
  const inRoot = nuspecs.filter(({ name }) => !name.includes('/'));
  const [nuspec] = inRoot;
  if (nuspec === undefined || inRoot.length > 1) return invalid(`${inRoot.length} nuspecs in the package`);
  if (nuspecs.length > 1 || nuspec.size > MAX_NUSPEC) return { kind: 'unreadable' };
  const content = await unzip(nuspec);
  if (content === undefined) return invalid('a nuspec that is not the one of the directory');
  const text = readNuspecId(content);
  const id = text === undefined ? undefined : packageId(text);
  if (id === undefined) return { kind: 'unreadable' };
  return nuspec.name.toLowerCase() === `${id}.nuspec`
    ? { kind: 'package', name: id }
    : invalid(`the file ${nuspec.name} is the nuspec of ${id}`);
}

/** The name as NuGet reads it, without escapes. Undefined if servers could read another folder or file. */
function fileName(escaped: string): string | undefined {
  // NuGet reads an invalid escape literally.
  const name = escaped.replaceAll(/(?:%[0-9a-f]{2})+/gi, (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  });
  const segments = name.replace(/\/$/, '').split('/');
  const plain = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  return plain && !/[\\\p{Cc}]/u.test(name) ? name : undefined;
}

function invalid(detail: string): PackageFile {
  return { kind: 'invalid', detail };
}
