import type { Claims } from '../../core/credentials/credential.ts';
import { globTokens, type GlobToken } from '../../util/text/glob.ts';

type Part = GlobToken | { readonly kind: 'claim'; readonly name: string };

/** Values of the claims of a resource pattern. */
export type Assignment = ReadonlyMap<string, string>;

/** Bounds the search for a pattern with many claims and wildcards. */
const MAX_STEPS = 200_000;
const MAX_RESULTS = 100;

/** The names of the claims that a pattern refers to. */
export function claimsOf(source: string): readonly string[] {
  return [...new Set([...source.matchAll(CLAIM)].map(([, name = '']) => name))];
}

const CLAIM = /\{claims\.([^{}]+)\}/g;

/**
 * The claim values with which a pattern can match a resource: a superset that the caller filters with the evaluator.
 * `complete` is false if the search was cut.
 */
export function candidateAssignments(
  source: string,
  resource: string,
): { readonly assignments: readonly Assignment[]; readonly complete: boolean } {
  const found = new Map<string, Assignment>();
  let steps = 0;

  function search(parts: readonly Part[], part: number, at: number, assigned: Assignment): void {
    steps += 1;
    if (steps > MAX_STEPS || found.size >= MAX_RESULTS) return;
    const current = parts[part];
    if (current === undefined) {
      if (at === resource.length) found.set(JSON.stringify([...assigned]), assigned);
      return;
    }
    switch (current.kind) {
      case 'literal':
        if (startsWithLoosely(resource, current.text, at))
          search(parts, part + 1, at + current.text.length, assigned);
        return;
      case 'star':
      case 'globstar':
        for (let end = at; end <= resource.length; end++) {
          search(parts, part + 1, end, assigned);
          if (current.kind === 'star' && resource[end] === '/') return;
        }
        return;
      case 'claim':
        for (let end = at + 1; end <= resource.length; end++) {
          const value = decode(resource.slice(at, end));
          const known = assigned.get(current.name);
          if (value === undefined || (known !== undefined && known !== value)) continue;
          search(parts, part + 1, end, new Map([...assigned, [current.name, value]]));
        }
        return;
      default:
        current satisfies never;
    }
  }

  // `a/**` matches `a` too.
  for (const text of source.endsWith('/**') ? [source, source.slice(0, -3)] : [source])
    search(partsOf(text), 0, 0, new Map());
  return { assignments: [...found.values()], complete: steps <= MAX_STEPS && found.size < MAX_RESULTS };
}

function partsOf(source: string): readonly Part[] {
  return source
    .split(/\{claims\.([^{}]+)\}/)
    .flatMap((text, index): Part[] => (index % 2 === 0 ? globTokens(text) : [{ kind: 'claim', name: text }]));
}

/** Image names are lowercase; the evaluator decides whether case matters. */
function startsWithLoosely(text: string, prefix: string, at: number): boolean {
  return text.slice(at, at + prefix.length).toLowerCase() === prefix.toLowerCase();
}

/** Resources of `http` services are percent-encoded, and claims are not. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The claims object with these values; a name that starts with `/` is a JSON pointer. */
export function claimsFrom(assigned: ReadonlyMap<string, unknown>): Claims {
  const claims: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of assigned) {
    const path = name.startsWith('/')
      ? name
          .slice(1)
          .split('/')
          .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      : [name];
    let place = claims;
    for (const key of path.slice(0, -1))
      place = (place[key] ??= Object.create(null)) as Record<string, unknown>;
    place[path.at(-1) ?? ''] = value;
  }
  return claims;
}
