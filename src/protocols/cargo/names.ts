import { isVersion } from '../shared/semantic-version.ts';

/** Crate names: ASCII, at most 64 characters (Cargo book, "The name field"). */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** The normalised crate name: registries treat names that differ only in case or in `-` and `_` as equal. */
export function crateOf(name: string): string | undefined {
  return NAME.test(name) ? name.toLowerCase().replaceAll('_', '-') : undefined;
}

/** The crate of `NAME-VERSION`: a name contains no dot, so the first dot is in the version. */
export function crateOfFile(stem: string): string | undefined {
  const [, name = '', version = ''] = /^([^.]+)-(\d+\..*)$/.exec(stem) ?? [];
  return isVersion(version) ? crateOf(name) : undefined;
}

/** Whether a path is an index file: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcd` (Cargo book, "Index Files"). */
export function isIndexOf(segments: readonly string[], name: string): boolean {
  const lower = name.toLowerCase();
  const folders =
    lower.length < 3
      ? [String(lower.length)]
      : lower.length === 3
        ? ['3', lower.slice(0, 1)]
        : [lower.slice(0, 2), lower.slice(2, 4)];
  const before = segments.slice(0, -1).slice(-folders.length);
  return before.join('/') === folders.join('/');
}
