import { cacheByName } from './name-cache.ts';

/** Folds a name as many servers do: case-insensitive, and `_` equals `-` (CGI, WSGI, Rack). */
export const foldHeaderName: (name: string) => string = cacheByName(
  (name) => name.toLowerCase().replaceAll('_', '-'),
  2_000,
);

/** Folds a name as the most lenient servers do: PHP maps `.` to `_`, lighttpd every non-alphanumeric character. */
export function foldLoosely(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}

/**
 * Whether a name has this folded form, in ASCII. Folding keeps the length of a name, so that most names need no look-up.
 */
function folds(name: string, to: string): boolean {
  return name.length === to.length && foldHeaderName(name) === to;
}

/** The first value of a header, by its folded name, in name, value, name, value … */
export function findHeader(rawHeaders: readonly string[], folded: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (folds(rawHeaders[i] ?? '', folded)) return rawHeaders[i + 1];
  }
  return undefined;
}

/** All values of a header, by its folded name. */
export function headerValues(rawHeaders: readonly string[], folded: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (folds(rawHeaders[i] ?? '', folded)) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}
