import { namesBeforeVersion } from '../shared/name-version.ts';

/** The name of a project (PEP 508), in whatever spelling. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** What stands beside a file under its name: signature, metadata (PEP 658), attestations (PEP 740). */
const COMPANION_SUFFIX = /\.(?:asc|metadata|provenance)$/;

/** Kinds of files that indexes hold; the name of a wheel has rules of its own. Of a path, many servers take the last part. */
const FILE = /^([^/\\:]+)\.(whl|tar\.gz|tgz|zip|tar\.bz2|tar\.xz)$/;

/** The one spelling of a project's name (PEP 503); undefined where it is none. */
export function projectOf(name: string): string | undefined {
  return NAME.test(name) ? name.toLowerCase().replaceAll(/[-_.]+/g, '-') : undefined;
}

/**
 * The projects that a file can be of, by its name alone: none where nobody could tell, several where two servers could tell
 * differently. Undefined where it is no file of an index.
 */
export function projectsOfFile(file: string): readonly string[] | undefined {
  const [, stem = '', kind] = FILE.exec(file.replace(COMPANION_SUFFIX, '')) ?? [];
  if (kind === undefined) return undefined;
  // Today's source distributions have no hyphen in their names (PEP 625), older ones may.
  const names = kind === 'whl' ? wheelNames(stem) : namesBeforeVersion(stem);
  return [...new Set(names.flatMap((name) => projectOf(name) ?? []))];
}

/** `name-version(-build)-python-abi-platform`, in which no part has a hyphen (binary distribution format, "File name convention"). */
function wheelNames(stem: string): readonly string[] {
  const [name = '', version = '', build = '', ...tags] = stem.split('-');
  const startsWithDigit = /^\d/.test(version) && (tags.length === 2 || /^\d/.test(build));
  return startsWithDigit && (tags.length === 2 || tags.length === 3) ? [name] : [];
}
