import { namesBeforeVersion } from '../shared/name-version.ts';

/** A project name (PEP 508) before normalisation. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** Suffixes of files that accompany a distribution: signature, metadata (PEP 658), attestations (PEP 740). */
const COMPANION_SUFFIX = /\.(?:asc|metadata|provenance)$/;

/** Distribution files. Many servers use only the last part of a path, so the name contains no separator. */
const FILE = /^([^/\\:]+)\.(whl|tar\.gz|tgz|zip|tar\.bz2|tar\.xz)$/;

/** The normalised project name (PEP 503); undefined if it is not a project name. */
export function projectOf(name: string): string | undefined {
  return NAME.test(name) ? name.toLowerCase().replaceAll(/[-_.]+/g, '-') : undefined;
}

/**
 * The projects that a file name can belong to: empty if the name does not show it, several if servers may
 * read it differently. Undefined if it is not a distribution file.
 */
export function projectsOfFile(file: string): readonly string[] | undefined {
  const [, stem = '', kind] = FILE.exec(file.replace(COMPANION_SUFFIX, '')) ?? [];
  if (kind === undefined) return undefined;
  // Names of current source distributions contain no hyphen (PEP 625); older ones may.
  const names = kind === 'whl' ? wheelNames(stem) : namesBeforeVersion(stem);
  return [...new Set(names.flatMap((name) => projectOf(name) ?? []))];
}

/**
 * `name-version(-build)-python-abi-platform`, where no part contains a hyphen (binary distribution format,
 * "File name convention").
 */
function wheelNames(stem: string): readonly string[] {
  const [name = '', version = '', build = '', ...tags] = stem.split('-');
  const startsWithDigit = /^\d/.test(version) && (tags.length === 2 || /^\d/.test(build));
  return startsWithDigit && (tags.length === 2 || tags.length === 3) ? [name] : [];
}
