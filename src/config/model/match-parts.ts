import { namesOfClaim } from '../../core/credentials/claims.ts';
import type { MatchOperator } from '../../core/issuers/guarded-claims.ts';
import { compileGlob } from '../../util/text/glob.ts';
import type { DraftCondition, DraftIdentity } from './draft.ts';

/** A condition with all its operators in one form. */
export interface MatchParts {
  /** The values of `equals` and `in`. No other value can match. */
  readonly values: readonly string[] | undefined;
  readonly notIn: readonly string[];
  readonly contains: string | undefined;
  readonly globs: readonly string[] | undefined;
}

export function partsOf(condition: DraftCondition): MatchParts {
  if (typeof condition === 'string') {
    return { values: [condition], notIn: [], contains: undefined, globs: undefined };
  }
  const { equals, in: list, notIn = [], contains, glob } = condition;
  const values =
    equals === undefined ? list : list === undefined ? [equals] : list.filter((each) => each === equals);
  return { values, notIn, contains, globs: typeof glob === 'string' ? [glob] : glob };
}

/** The condition on a claim, named plainly or as a JSON pointer. */
export function partsAt(match: DraftIdentity['match'], claim: string): MatchParts | undefined {
  return conditionsOn(match, claim)[0]?.parts;
}

/** All conditions on a claim. A claim can be named plainly and as a JSON pointer. */
export function conditionsOn(
  match: DraftIdentity['match'],
  claim: string,
): { readonly name: string; readonly parts: MatchParts }[] {
  return namesOfClaim(claim).flatMap((name) => {
    const condition = match[name];
    return condition === undefined ? [] : [{ name, parts: partsOf(condition) }];
  });
}

/** Whether a condition lists the values of the claim that it accepts. */
export function listsValues(match: DraftIdentity['match'], claim: string): boolean {
  return conditionsOn(match, claim).some(({ parts }) => parts.values !== undefined);
}

/** Whether a condition on the claim uses one of the operators. */
export function usesOperator(
  match: DraftIdentity['match'],
  claim: string,
  operators: readonly MatchOperator[],
): boolean {
  return namesOfClaim(claim).some((name) => {
    const condition = match[name];
    if (condition === undefined) return false;
    if (typeof condition === 'string') return operators.includes('equals');
    return operators.some((operator) => condition[operator] !== undefined);
  });
}

/** Whether the condition holds for a claim with this single value. */
export function acceptsValue({ values, notIn, contains, globs }: MatchParts, value: string): boolean {
  return (
    contains === undefined &&
    (values?.includes(value) ?? true) &&
    !notIn.includes(value) &&
    (globs?.some((glob) => compileGlob(glob, { separators: '/:', matchBase: false }).test(value)) ?? true)
  );
}

/** Whether every token that contains the claim satisfies the condition. */
export function matchesAnything({ values, contains, globs }: MatchParts): boolean {
  return values === undefined && contains === undefined && (globs ?? ['**']).some(isAllWildcards);
}

function isAllWildcards(glob: string): boolean {
  return /^[*/:]+$/.test(glob) && glob.includes('*');
}
