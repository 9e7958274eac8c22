import { foldHeaderName } from '../../util/http/header-name.ts';

/** Adds the names that a `Connection` value declares to be this hop's own (RFC 9110 §7.6.1). */
export function addConnectionNames(names: Set<string> | undefined, value: string): Set<string> | undefined {
  // What nearly every message has names nothing.
  if (/^(?:keep-alive|close)$/i.test(value)) return names;
  const result = names ?? new Set<string>();
  for (const name of value.split(',')) {
    const folded = foldHeaderName(name.trim());
    // They describe the body for every recipient, and policy may have read the body by them: Rack takes a body without a type for a form.
    if (!folded.startsWith('content-')) result.add(folded);
  }
  return result;
}

/** Takes out what `Connection` named, wherever it stood. */
export function withoutNames(headers: string[], names: ReadonlySet<string> | undefined): string[] {
  if (names === undefined) return headers;
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!names.has(foldHeaderName(name))) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
