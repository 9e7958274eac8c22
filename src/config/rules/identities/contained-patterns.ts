import { compileGlob, globTokens, type PatternToken } from '../../../util/text/glob.ts';
import { findText, languageOf } from '../../../util/text/glob-language.ts';

/** A resource pattern with what a comparison needs. */
export interface GrantedPattern {
  readonly source: string;
  /** The text before the first wildcard or claim. */
  readonly prefix: string;
  readonly claims: readonly string[];
}

/** Patterns of usual length need a few hundred; the check compares many. */
const MAX_STATES = 2_000;
const MAX_SEARCHES = 2_000;

export function readGrantedPattern(source: string): GrantedPattern {
  const prefix = /^[^*{]*/.exec(source)?.[0] ?? '';
  return {
    source,
    prefix,
    claims: [...source.matchAll(/\{claims\.([^{}]+)\}/g)].map(([, name = '']) => name),
  };
}

/** Returns whether the patterns of `outer` match whatever `inner` matches; false where that is undecided. */
export function createContainment(): (inner: GrantedPattern, outer: readonly GrantedPattern[]) => boolean {
  const searched = new Map<string, boolean>();
  return (inner, outer) => {
    if (outer.some(({ source }) => source === inner.source)) return true;
    // A request for every resource requires the pattern `**` itself.
    if (inner.source === '**') return false;
    const near = outer.filter((each) => isNear(inner, each));
    if (near.some(({ source, prefix }) => source === `${prefix}**` && inner.prefix.startsWith(prefix)))
      return true;
    if (near.length === 0) return false;
    if (inner.source === inner.prefix)
      return near.some(({ source }) => compileGlob(source).test(inner.source));
    const key = JSON.stringify([inner.source, near.map(({ source }) => source)]);
    const known = searched.get(key);
    if (known !== undefined || searched.size >= MAX_SEARCHES) return known === true;
    const isContained =
      findText(
        [languageOf(tokensOf(inner))],
        near.map((each) => languageOf(tokensOf(each))),
        MAX_STATES,
      ).kind === 'none';
    searched.set(key, isContained);
    return isContained;
  };
}

/** The base of `acme/**` is `acme`. Whether a claim that `inner` does not use can be inserted is unknown. */
function isNear(inner: GrantedPattern, { prefix, claims }: GrantedPattern): boolean {
  const start = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return inner.prefix.startsWith(start) && claims.every((claim) => inner.claims.includes(claim));
}

/** A claim can be a path, which `*` does not match. */
function tokensOf({ source }: GrantedPattern): PatternToken[] {
  return source
    .split(/\{claims\.([^{}]+)\}/)
    .flatMap((text, index): PatternToken[] =>
      index % 2 === 0 ? globTokens(text) : [{ kind: 'unknown', name: text, segment: false }],
    );
}
