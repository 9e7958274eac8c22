/**
 * Syntax of repository names and tags (OCI distribution specification 1.1, "Pulling manifests") and of digests
 * (OCI image specification).
 */

const NAME_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const NAME = new RegExp(`^${NAME_PART}(?:/${NAME_PART})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]{1,256}$/;
/** Registered algorithms and their digest lengths in hex digits. */
const HEX_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** In characters; the limit of the distribution registry (`RepositoryNameTotalLengthMax`). */
const MAX_NAME_LENGTH = 255;

export function isRepository(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && NAME.test(name);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

export function isDigest(text: string): boolean {
  if (!DIGEST.test(text)) return false;
  const [algorithm = '', encoded = ''] = text.split(':');
  const length = HEX_LENGTHS[algorithm];
  return length === undefined || (encoded.length === length && /^[0-9a-f]+$/.test(encoded));
}
