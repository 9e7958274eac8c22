/** One parameter of a query, as sent. */
export interface QueryPart {
  readonly text: string;
  /** `&` or `;`, or empty for the first. */
  readonly separator: string;
}

/** Splits a query (with its `?`, or empty) at `&` and, as some servers do, at `;`. */
export function queryParts(query: string): QueryPart[] {
  if (query.length < 2) return [];
  const pieces = query.slice(1).split(/([&;])/);
  return pieces.flatMap((text, index) =>
    index % 2 === 0 ? [{ text, separator: index === 0 ? '' : (pieces[index - 1] ?? '&') }] : [],
  );
}

/** The decoded name of a parameter as the most lenient servers read it. */
export function parameterName(part: string): string {
  return foldParameterName(decodedParameterName(part));
}

/** The decoded name of a parameter, including brackets. */
export function decodedParameterName(part: string): string {
  const raw = part.split('=', 1)[0] ?? '';
  const name = raw.replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    // Not UTF-8: an upstream may still decode the ASCII bytes, and ASP.NET decodes `%u0061`.
    return decodeEscapes(name);
  }
}

/** Decodes `%XX` to a byte, and `%uXXXX` as ASP.NET does. */
export function decodeEscapes(text: string): string {
  return text.replaceAll(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi, (_all, unit?: string, byte?: string) =>
    String.fromCharCode(Number.parseInt(unit ?? byte ?? '', 16)),
  );
}

/**
 * Folds a name as Rack and PHP do, ignoring case: `a[b]`, `[a]` and `a]` are `a`; surrounding blanks are
 * removed; inner `.`, blanks and an unclosed bracket become `_`; a NUL ends the name.
 */
export function foldParameterName(name: string): string {
  const opened = name
    .trim()
    .toLowerCase()
    .replace(/^[[\]]+/, '');
  const whole = opened.includes(']') ? opened : opened.replace(/\[(?=.)/s, '_');
  return (whole.split(/[[\]\0]/, 1)[0] ?? '').replaceAll(/[. ]/g, '_');
}

/** The value, decoded as `application/x-www-form-urlencoded`; undefined if it is not UTF-8. */
export function parameterValue(part: string): string | undefined {
  const equals = part.indexOf('=');
  if (equals === -1) return '';
  try {
    return decodeURIComponent(part.slice(equals + 1).replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
