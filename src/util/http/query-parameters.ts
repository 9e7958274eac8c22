/** One parameter of a query, as sent. */
export interface QueryPart {
  readonly text: string;
  /** `&` or `;`, or empty for the first. */
  readonly separator: string;
}

/** A query with its `?`, or empty. Split at `;` too, as some servers do. */
export function queryParts(query: string): QueryPart[] {
  if (query.length < 2) return [];
  const pieces = query.slice(1).split(/([&;])/);
  return pieces.flatMap((text, index) =>
    index % 2 === 0 ? [{ text, separator: index === 0 ? '' : (pieces[index - 1] ?? '&') }] : [],
  );
}

/** The name of a parameter as the laxest servers read it, decoded. */
export function parameterName(part: string): string {
  return foldParameterName(decodedParameterName(part));
}

/** The name of a parameter, decoded, with its brackets. */
export function decodedParameterName(part: string): string {
  const raw = part.split('=', 1)[0] ?? '';
  const name = raw.replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    // Not UTF-8: an upstream may still read the bytes that are plain, and ASP.NET `%u0061`.
    return name.replaceAll(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi, (_all, unit?: string, byte?: string) =>
      String.fromCharCode(Number.parseInt(unit ?? byte ?? '', 16)),
    );
  }
}

/**
 * As Rack and PHP read a name: whatever its case, `a[b]` is `a`, and so are `[a]` and `a]`; blanks around it do not count, `.`, blanks and
 * a bracket without end within are `_`; at a NUL it ends.
 */
export function foldParameterName(name: string): string {
  const opened = name
    .trim()
    .toLowerCase()
    .replace(/^[[\]]+/, '');
  const whole = opened.includes(']') ? opened : opened.replace(/\[(?=.)/s, '_');
  return (whole.split(/[[\]\0]/, 1)[0] ?? '').replaceAll(/[. ]/g, '_');
}

/** The value as `application/x-www-form-urlencoded` has it, or undefined where it is not UTF-8. */
export function parameterValue(part: string): string | undefined {
  const equals = part.indexOf('=');
  if (equals === -1) return '';
  try {
    return decodeURIComponent(part.slice(equals + 1).replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
