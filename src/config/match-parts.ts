import type { Condition, Identity } from './draft.ts';

/** A condition with all its operators in one form. */
export interface MatchParts {
  /** The only values that can match: those of `equals` and `in`. */
  readonly values: readonly string[] | undefined;
  readonly notIn: readonly string[];
  readonly contains: string | undefined;
  readonly globs: readonly string[] | undefined;
}

export function partsOf(condition: Condition): MatchParts {
  if (typeof condition === 'string') {
    return { values: [condition], notIn: [], contains: undefined, globs: undefined };
  }
  const { equals, in: list, notIn = [], contains, glob } = condition;
  const values =
    equals === undefined ? list : list === undefined ? [equals] : list.filter((each) => each === equals);
  return { values, notIn, contains, globs: typeof glob === 'string' ? [glob] : glob };
}

/** The condition on a claim, named plainly or as a JSON pointer. */
export function partsAt(match: Identity['match'], claim: string): MatchParts | undefined {
  const condition = match[claim] ?? match[`/${claim}`];
  return condition === undefined ? undefined : partsOf(condition);
}

/** Every token that has the claim at all satisfies it. */
export function matchesAnything({ values, contains, globs }: MatchParts): boolean {
  return values === undefined && contains === undefined && (globs ?? ['**']).some(isAllWildcards);
}

function isAllWildcards(glob: string): boolean {
  return /^[*/:]+$/.test(glob) && glob.includes('*');
}
