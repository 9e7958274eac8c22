import { plainClaimName } from '../../core/credentials/claims.ts';
import {
  isContained,
  languageOf,
  type SearchBudget,
  type TextPattern,
} from '../../util/text/glob-language.ts';
import { globTokens, type PatternToken } from '../../util/text/glob.ts';
import type { ClaimConstraints } from './bounded-match.ts';

/** The callers and the service for which two resource patterns are compared. */
export interface PatternContext {
  readonly claims: ClaimConstraints;
  readonly serviceType: string;
  /** Claims whose `/` is a path separator. */
  readonly pathClaims: readonly string[];
  readonly budget: SearchBudget;
}

/** Whether the patterns `outer` together match each resource that `inner` matches; false where that is undecided. */
export function isBounded(inner: string, outer: readonly string[], context: PatternContext): boolean {
  // A request for every resource requires the pattern `**` itself.
  if (inner === '**' || outer.includes(inner)) return outer.includes(inner);
  const names = claimNames(inner);
  const isPossible = (choices: readonly Choice[]): boolean =>
    choices.length <= MAX_CHOICES && choices.every((choice) => isWithin(inner, outer, choice, context));
  return (
    isPossible(choicesOf(names, (name) => valuesOf(name, context))) ||
    isPossible(choicesOf(names, (name) => valuesOf(name, context) ?? globsOf(name, context)))
  );
}

const MAX_CHOICES = 64;

/** What replaces a claim in the inner pattern. Other claims are unknown texts. */
type Choice = ReadonlyMap<string, readonly PatternToken[]>;

function choicesOf(
  names: readonly string[],
  alternatives: (name: string) => readonly (readonly PatternToken[])[] | undefined,
): readonly Choice[] {
  let choices: readonly Choice[] = [new Map()];
  for (const name of names) {
    const tokens = alternatives(name);
    if (tokens === undefined || choices.length > MAX_CHOICES) continue;
    choices = choices.flatMap((choice) => tokens.map((each): Choice => new Map([...choice, [name, each]])));
  }
  return choices;
}

function isWithin(inner: string, outer: readonly string[], choice: Choice, context: PatternContext): boolean {
  const wanted = toLanguage(inner, (name) => choice.get(name) ?? [unknownText(name, context)]);
  const inserted = new Set(claimNames(inner));
  const held = outer.flatMap(
    (pattern) =>
      toLanguage(pattern, (name) => {
        const known = choice.get(name);
        if (inserted.has(name))
          return known === undefined ? [unknownText(name, context)] : isLiteral(known) ? known : undefined;
        // The value of a claim that the inner pattern does not insert can be unusable in a resource.
        return usableValue(name, context);
      }) ?? [],
  );
  return wanted !== undefined && isContained(wanted, held, context.budget);
}

/** Undefined if a claim of the pattern has no replacement. */
function toLanguage(
  pattern: string,
  replace: (claim: string) => readonly PatternToken[] | undefined,
): TextPattern | undefined {
  const tokens: PatternToken[] = [];
  for (const [index, text] of pattern.split(CLAIM).entries()) {
    const part = index % 2 === 0 ? globTokens(text) : replace(text);
    if (part === undefined) return undefined;
    tokens.push(...part);
  }
  return languageOf(tokens);
}

const CLAIM = /\{claims\.([^{}]+)\}/;

function claimNames(pattern: string): readonly string[] {
  return pattern.split(CLAIM).filter((_, index) => index % 2 === 1);
}

function unknownText(name: string, { pathClaims }: PatternContext): PatternToken {
  return { kind: 'unknown', name, segment: !pathClaims.includes(name) };
}

function valuesOf(name: string, context: PatternContext): readonly PatternToken[][] | undefined {
  const values = context.claims.get(plainClaimName(name))?.values;
  return values?.map((text) => [{ kind: 'literal', text: spelled(text, name, context) }]);
}

function globsOf(name: string, context: PatternContext): readonly PatternToken[][] | undefined {
  const [globs] = context.claims.get(plainClaimName(name))?.globs ?? [];
  return globs?.map((glob) =>
    globTokens(glob).map((token) =>
      token.kind === 'literal' ? { ...token, text: spelled(token.text, name, context) } : token,
    ),
  );
}

function usableValue(name: string, context: PatternContext): readonly PatternToken[] | undefined {
  const values = context.claims.get(plainClaimName(name))?.values ?? [];
  const [value = ''] = values;
  if (values.length !== 1 || !/^[A-Za-z0-9_-]+$/.test(value)) return undefined;
  return [{ kind: 'literal', text: spelled(value, name, context) }];
}

/** Path claims are inserted in lowercase for image names, ASCII only, as the evaluation does. */
function spelled(text: string, name: string, { serviceType, pathClaims }: PatternContext): string {
  return serviceType === 'oci' && pathClaims.includes(name)
    ? text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
    : text;
}

function isLiteral(tokens: readonly PatternToken[]): boolean {
  return tokens.every(({ kind }) => kind === 'literal');
}
