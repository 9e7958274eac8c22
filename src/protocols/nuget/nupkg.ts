import type { PackageFile } from '../shared/package-file.ts';
import { unzip } from '../shared/unzip.ts';
import { readZip, type ZipEntry } from '../shared/zip-archive.ts';
import { agreesOnManifest } from './manifest-relationship.ts';
import { readNuspecId } from './nuspec.ts';
import { packageId } from './routes.ts';

/** Bytes of an uncompressed nuspec, and of the relationships. */
const MAX_MANIFEST = 1024 ** 2;

/** With the pieces of a part (ECMA-376 part 2 §7.3). `ſ` is `s` to parsers that fold Unicode. */
const NUSPEC = /\.nuspec(?:$|\/)/iu;
const RELATIONSHIPS = /^_rels\/\.rels(?:$|\/)/iu;

/**
 * Reads a package of NuGet (`.nupkg`, `.snupkg`): a zip archive with one nuspec in its root. NuGet names this file after
 * the package (NuGet.Packaging, PackageBuilder); some servers take the first `.nuspec` in any folder, others the file that
 * the relationships of the package name.
 */
export async function readNupkg(bytes: Buffer): Promise<PackageFile> {
  const archive = readZip(bytes);
  if (archive.kind !== 'archive') return archive;
  const entries: ZipEntry[] = [];
  for (const entry of archive.entries) {
    const name = fileName(entry.name);
    if (name === undefined) return invalid(`the file name ${JSON.stringify(entry.name)} in the package`);
    entries.push({ ...entry, name });
  }
  const nuspecs = entries.filter(({ name }) => NUSPEC.test(name));
  const inRoot = nuspecs.filter(({ name }) => !name.includes('/'));
  const [nuspec] = inRoot;
  if (nuspec === undefined || inRoot.length > 1) return invalid(`${inRoot.length} nuspecs in the package`);
  if (nuspecs.length > 1) return { kind: 'unreadable' };
  const named = await readNuspec(nuspec);
  if (named.kind !== 'package') return named;
  return (await refuseRelationships(entries, nuspec.name)) ?? named;
}

async function readNuspec(nuspec: ZipEntry): Promise<PackageFile> {
  if (nuspec.size > MAX_MANIFEST) return { kind: 'unreadable' };
  const content = await unzip(nuspec);
  if (content === undefined) return invalid('a nuspec that is not the one of the directory');
  const text = readNuspecId(content);
  const id = text === undefined ? undefined : packageId(text);
  if (id === undefined) return { kind: 'unreadable' };
  return nuspec.name.toLowerCase() === `${id}.nuspec`
    ? { kind: 'package', name: id }
    : invalid(`the file ${nuspec.name} is the nuspec of ${id}`);
}

/** Undefined if the relationships of the package agree on its nuspec, or if it has none. */
async function refuseRelationships(
  entries: readonly ZipEntry[],
  nuspec: string,
): Promise<PackageFile | undefined> {
  const [file, ...others] = entries.filter(({ name }) => RELATIONSHIPS.test(name));
  if (file === undefined) return undefined;
  if (others.length > 0 || file.size > MAX_MANIFEST) return { kind: 'unreadable' };
  const content = await unzip(file);
  if (content === undefined) return invalid('relationships that are not the ones of the directory');
  const agrees = agreesOnManifest(content, nuspec);
  if (agrees === undefined) return { kind: 'unreadable' };
  return agrees ? undefined : invalid(`relationships that name another manifest than ${nuspec}`);
}

/** The name as NuGet reads it, without escapes. Undefined if servers could read another folder or file. */
function fileName(escaped: string): string | undefined {
  const name = withoutEscapes(escaped);
  if (name === undefined || /[\\\p{Cc}]/u.test(name)) return undefined;
  const segments = name.replace(/\/$/, '').split('/');
  return segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')
    ? name
    : undefined;
}

/** Undefined if an escape is no UTF-8: versions of .NET decode different parts of it. */
function withoutEscapes(escaped: string): string | undefined {
  try {
    return escaped.replaceAll(/(?:%[0-9a-f]{2})+/gi, decodeURIComponent);
  } catch {
    return undefined;
  }
}

function invalid(detail: string): PackageFile {
  return { kind: 'invalid', detail };
}
