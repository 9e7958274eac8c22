/**
 * Names, versions, users and channels of Conan 2 (conan/api/model/refs.py, `validate_ref`). They are lowercase, so servers
 * that ignore case find no other package.
 */
const PART = /^[a-z0-9_][a-z0-9_+.-]{0,100}$/;

/** The user and the channel of a reference that has none. */
const NONE = '_';

/** Hashes and commits; a package id can be chosen by its recipe. */
const REVISION = /^[0-9A-Za-z][0-9A-Za-z_.-]{0,127}$/;

/** The reference in the segments of a path. Undefined if they are not a reference. */
export function conanReference(segments: readonly string[]): string | undefined {
  const [name = '', version = '', user = '', channel = ''] = segments.map(decodeURIComponent);
  if (![name, version, user, channel].every((part) => PART.test(part)) || name === NONE || version === NONE)
    return undefined;
  return `${name}/${version}@${user}/${channel}`;
}

/** Whether the text is a revision or a package id. */
export function isRevision(text: string): boolean {
  return REVISION.test(text);
}
