import { foldHeaderName } from '../../util/http/header-name.ts';

/** Adds the hop-by-hop header names of a `Connection` value (RFC 9110 §7.6.1). */
export function addConnectionNames(names: Set<string> | undefined, value: string): Set<string> | undefined {
  // Fast path for the usual values, which name no header.
  if (/^(?:keep-alive|close)$/i.test(value)) return names;
  const result = names ?? new Set<string>();
  for (const name of value.split(',')) {
    const folded = foldHeaderName(name.trim());
    // Policy may have parsed the body by its Content-* headers; Rack treats a body without Content-Type as a form.
    if (!folded.startsWith('content-')) result.add(folded);
  }
  return result;
}

/** Removes the headers that `Connection` names, before or after it. */
export function withoutNames(headers: string[], names: ReadonlySet<string> | undefined): string[] {
  if (names === undefined) return headers;
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!names.has(foldHeaderName(name))) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
