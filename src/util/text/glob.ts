/** A part of a pattern. The characters of a literal have no special meaning. */
export type GlobToken =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'star' }
  | { readonly kind: 'globstar' };

/** A part of a pattern; `unknown` is a text whose value is not given, the same for every part with its name. */
export type PatternToken =
  | GlobToken
  /** `segment`: the text contains no separator. */
  | { readonly kind: 'unknown'; readonly name: string; readonly segment: boolean };

export interface Glob {
  /** Anchored at both ends, case-sensitive. */
  test(text: string): boolean;
}

export type Separators = '/' | '/:';

export interface GlobOptions {
  /** The characters that `*` does not match. Default `/`. */
  readonly separators?: Separators;
  /** `a/**` matches `a` too. Default true. */
  readonly matchBase?: boolean;
}

/**
 * `*` matches any characters except separators, `**` any characters; both match the empty text. The rest is
 * literal.
 */
export function globTokens(pattern: string): GlobToken[] {
  return pattern
    .split(/(\*+)/)
    .filter((part) => part !== '')
    .map((part) => {
      if (!part.startsWith('*')) return { kind: 'literal', text: part };
      return { kind: part.length === 1 ? 'star' : 'globstar' };
    });
}

export function compileGlob(pattern: string | readonly GlobToken[], options: GlobOptions = {}): Glob {
  const { separators = '/', matchBase = true } = options;
  const tokens = mergeLiterals(typeof pattern === 'string' ? globTokens(pattern) : pattern);
  const whole = compileTokens(tokens, separators);
  const base = matchBase ? baseOf(tokens) : undefined;
  if (base === undefined) return whole;
  const alone = compileTokens(base, separators);
  return { test: (text) => whole.test(text) || alone.test(text) };
}

/** What a pattern with `matchBase` matches: the texts of each list of tokens, without further rules. */
export function globAlternatives(pattern: readonly PatternToken[]): readonly (readonly PatternToken[])[] {
  const tokens = mergeLiterals(pattern);
  const base = baseOf(tokens);
  return base === undefined ? [tokens] : [tokens, base];
}

/** Merges adjacent literals and removes empty ones, so that `compileTokens` recognises the common shapes. */
function mergeLiterals(tokens: readonly GlobToken[]): GlobToken[];
function mergeLiterals(tokens: readonly PatternToken[]): PatternToken[];
function mergeLiterals(tokens: readonly PatternToken[]): PatternToken[] {
  const merged: PatternToken[] = [];
  for (const token of tokens) {
    const last = merged.at(-1);
    if (token.kind === 'literal' && last?.kind === 'literal') {
      merged[merged.length - 1] = { kind: 'literal', text: last.text + token.text };
    } else if (token.kind !== 'literal' || token.text !== '') {
      merged.push(token);
    }
  }
  return merged;
}

/** The tokens without a trailing `/**`; undefined without that suffix or with nothing before it. */
function baseOf(tokens: readonly GlobToken[]): GlobToken[] | undefined;
function baseOf(tokens: readonly PatternToken[]): PatternToken[] | undefined;
function baseOf(tokens: readonly PatternToken[]): PatternToken[] | undefined {
  const slash = tokens.at(-2);
  if (tokens.at(-1)?.kind !== 'globstar' || slash?.kind !== 'literal' || !slash.text.endsWith('/')) {
    return undefined;
  }
  const text = slash.text.slice(0, -1);
  const before = tokens.slice(0, -2);
  if (text !== '') return [...before, { kind: 'literal', text }];
  return before.length > 0 ? before : undefined;
}

/** Most patterns have one of four shapes that need no backtracking. */
function compileTokens(tokens: readonly GlobToken[], separators: Separators): Glob {
  const [first, second] = tokens;
  if (first === undefined) return { test: (text) => text === '' };
  if (tokens.length === 1 && first.kind === 'globstar') return { test: () => true };
  if (first.kind === 'literal' && tokens.length <= 2) {
    const prefix = first.text;
    switch (second?.kind) {
      case undefined:
        return { test: (text) => text === prefix };
      case 'globstar':
        return { test: (text) => text.startsWith(prefix) };
      case 'star':
        return {
          test: (text) => text.startsWith(prefix) && nextSeparator(text, prefix.length, separators) === -1,
        };
      case 'literal':
        break;
    }
  }
  return { test: (text) => matches(tokens, text, separators) };
}

/**
 * Two backtrack points suffice, the last `*` and the last `**`: the part before the last `**` may match as early as
 * possible, and a literal between two `*` either has no separator, so that its earliest position is the best, or has
 * one, so that only one position is possible.
 *
 * After a `*` has met a separator, all starts of its `**` before the next separator fail at the same one. They are
 * skipped, which keeps the time linear in the text for a given pattern.
 */
function matches(tokens: readonly GlobToken[], text: string, separators: Separators): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  let globstar = -1;
  let globstarAt = 0;
  for (;;) {
    const current = tokens[token];
    if (current === undefined) {
      if (at === text.length) return true;
    } else if (current.kind === 'globstar') {
      token += 1;
      if (token === tokens.length) return true;
      globstar = token;
      globstarAt = at;
      star = -1;
      continue;
    } else if (current.kind === 'star') {
      token += 1;
      star = token;
      starAt = at;
      continue;
    } else if (text.startsWith(current.text, at)) {
      token += 1;
      at += current.text.length;
      continue;
    }

    if (star !== -1) {
      // A later start of `**` would retry a subset of the positions that have failed.
      if (starAt === text.length) return false;
      if (!isSeparator(text.charCodeAt(starAt), separators)) {
        starAt += 1;
        at = starAt;
        token = star;
        continue;
      }
    }
    if (globstar === -1 || globstarAt === text.length) return false;
    globstarAt = star === -1 ? globstarAt + 1 : nextSeparator(text, globstarAt, separators) + 1;
    at = globstarAt;
    token = globstar;
    star = -1;
  }
}

const SLASH = 0x2f;
const COLON = 0x3a;

function isSeparator(code: number, separators: Separators): boolean {
  return code === SLASH || (code === COLON && separators === '/:');
}

function nextSeparator(text: string, from: number, separators: Separators): number {
  for (let at = from; at < text.length; at += 1) {
    if (isSeparator(text.charCodeAt(at), separators)) return at;
  }
  return -1;
}
