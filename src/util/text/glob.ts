/** A pattern in parts. A literal's characters stand for themselves, whatever they are. */
export type GlobToken =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'star' }
  | { readonly kind: 'globstar' };

export interface Glob {
  /** Anchored at both ends, case-sensitive. */
  test(text: string): boolean;
}

export type Separators = '/' | '/:';

export interface GlobOptions {
  /** Where `*` stops. Default `/`. */
  readonly separators?: Separators;
  /** `a/**` matches `a` too. Default true. */
  readonly matchBase?: boolean;
}

/** `*` is any run of characters, also none, without a separator; `**` any run at all. All else is literal. */
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

/** Neighbouring literals as one, empty ones as none: the shapes below are then unmistakable. */
function mergeLiterals(tokens: readonly GlobToken[]): GlobToken[] {
  const merged: GlobToken[] = [];
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

/** The tokens without a trailing `/**`; undefined where there is none, or nothing before it. */
function baseOf(tokens: readonly GlobToken[]): GlobToken[] | undefined {
  const slash = tokens.at(-2);
  if (tokens.at(-1)?.kind !== 'globstar' || slash?.kind !== 'literal' || !slash.text.endsWith('/')) {
    return undefined;
  }
  const text = slash.text.slice(0, -1);
  const before = tokens.slice(0, -2);
  if (text !== '') return [...before, { kind: 'literal', text }];
  return before.length > 0 ? before : undefined;
}

/** Most patterns are one of four shapes that need no matcher. */
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
 * Two backtrack points suffice, the last `*` and the last `**`: what stands before the last `**` may end as
 * early as it can, and between two `*` a literal either has no separator, so that its earliest place is the
 * best, or has one, and then only one place is possible.
 *
 * For a `*` that met a separator, all starts of its `**` up to the next separator would end at the same one:
 * they are skipped, which keeps the work linear in the text for a given pattern.
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
      // A later start would leave this `*` a part of the places that have just been tried.
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
