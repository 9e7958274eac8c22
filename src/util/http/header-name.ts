/** Names as many servers read them: case does not count, and `_` is `-` (CGI, WSGI, Rack). */
export function foldHeaderName(name: string): string {
  const known = folded.get(name);
  if (known !== undefined) return known;
  const result = name.toLowerCase().replaceAll('_', '-');
  if (folded.size < MAX_KNOWN && name.length <= MAX_KNOWN_LENGTH) folded.set(name, result);
  return result;
}

/** As the laxest servers read a name: PHP takes `.` for `_` too, lighttpd every character that is neither letter nor digit. */
export function foldLoosely(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}

/** Clients spell few names, so the folded form is looked up, not made; a flood of new ones is not kept. */
const MAX_KNOWN = 2_000;
const MAX_KNOWN_LENGTH = 64;
const folded = new Map<string, string>();

/** The first value of a header, by its folded name, in name, value, name, value … */
export function findHeader(rawHeaders: readonly string[], folded: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (foldHeaderName(rawHeaders[i] ?? '') === folded) return rawHeaders[i + 1];
  }
  return undefined;
}
