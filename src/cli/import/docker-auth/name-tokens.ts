/** A part of a name pattern of docker_auth. */
export type NameToken =
  | { readonly kind: 'literal'; readonly text: string }
  | WildToken
  /** `^` and `$` of a regular expression. */
  | { readonly kind: 'start' | 'end' };

interface WildToken {
  readonly kind: 'wild';
  /** Whether the wildcard also matches `/`. */
  readonly slash: boolean;
  readonly nonEmpty: boolean;
  /** False: the wildcard matches texts that the source pattern does not. */
  readonly exact: boolean;
}

/** A resource pattern. `exact: false`: it matches names that the source pattern does not. */
export interface NamePattern {
  readonly pattern: string;
  readonly exact: boolean;
}

/** Matches any name, and more than the source pattern. */
export const ANY_NAME: NamePattern = { pattern: '**', exact: false };

/** The resource pattern for a source pattern; undefined if no repository name matches. */
export function resourcePattern(source: readonly NameToken[]): NamePattern | undefined {
  const tokens = mergeNeighbours(source.filter(({ kind }) => kind !== 'start' && kind !== 'end'));
  const exact = tokens.every((token, at) => isExact(token, tokens[at - 1], tokens[at + 1]));
  const texts = tokens.map((token, at) => {
    if (token.kind === 'literal') return token.text;
    if (token.kind !== 'wild' || !token.slash) return '*';
    // `acme/**` also matches the repository acme.
    const before = tokens[at - 1];
    const afterSlash = before?.kind === 'literal' && before.text.endsWith('/');
    return at === tokens.length - 1 && afterSlash ? '*/**' : '**';
  });
  const pattern = texts.join('');
  const possible = tokens.every(canOccur) && pattern !== '' && !/^\/|\/\/|\/$/.test(pattern);
  return possible ? { pattern, exact } : undefined;
}

/** Repository names have lowercase letters, digits, `.`, `_`, `-`, and no empty segment. */
function canOccur(token: NameToken): boolean {
  return token.kind !== 'literal' || /^[a-z0-9._/-]+$/.test(token.text);
}

function mergeNeighbours(tokens: readonly NameToken[]): NameToken[] {
  const merged: NameToken[] = [];
  for (const token of tokens) {
    const last = merged.at(-1);
    if (token.kind === 'literal' && token.text === '') continue;
    if (token.kind === 'literal' && last?.kind === 'literal')
      merged[merged.length - 1] = { kind: 'literal', text: last.text + token.text };
    else if (token.kind === 'wild' && last?.kind === 'wild')
      merged[merged.length - 1] = {
        kind: 'wild',
        slash: token.slash || last.slash,
        nonEmpty: token.nonEmpty || last.nonEmpty,
        exact: token.exact && last.exact && !(token.nonEmpty && last.nonEmpty),
      };
    else merged.push(token);
  }
  return merged;
}

/** `*` and `**` also match the empty text, which leaves no valid name only between two borders of segments. */
function isExact(token: NameToken, before: NameToken | undefined, after: NameToken | undefined): boolean {
  if (token.kind !== 'wild') return true;
  if (!token.exact) return false;
  if (!token.nonEmpty) return true;
  const starts = before === undefined || (before.kind === 'literal' && before.text.endsWith('/'));
  const ends = after === undefined || (after.kind === 'literal' && after.text.startsWith('/'));
  return starts && ends;
}
