import { plainClaimName } from '../../core/credentials/claims.ts';
import { partsOf } from '../model/match-parts.ts';
import type { DraftIdentity } from '../model/draft.ts';
import { bothOf, isNarrower, UNCONSTRAINED, type TextConstraint } from '../../util/text/text-constraint.ts';

/** The conditions of a `match`, one constraint for each claim. */
export type ClaimConstraints = ReadonlyMap<string, TextConstraint>;

export function constraintsOf(match: DraftIdentity['match']): ClaimConstraints {
  const claims = new Map<string, TextConstraint>();
  for (const [name, condition] of Object.entries(match)) {
    const { values, notIn, contains, globs } = partsOf(condition);
    const claim = plainClaimName(name);
    claims.set(
      claim,
      bothOf(claims.get(claim) ?? UNCONSTRAINED, {
        values: values?.filter((value) => value !== ''),
        notIn,
        globs: globs === undefined ? [] : [globs],
        contains: contains === undefined ? [] : [contains],
        isText: values !== undefined || notIn.length > 0 || globs !== undefined,
      }),
    );
  }
  return claims;
}

/** The required conditions that the match does not repeat, equal or narrower. */
export function missingConditions(
  match: DraftIdentity['match'],
  required: DraftIdentity['match'],
): readonly string[] {
  const [narrow, wide] = [constraintsOf(match), constraintsOf(required)];
  return Object.keys(required).filter((name) => {
    const claim = plainClaimName(name);
    return !isNarrower(narrow.get(claim) ?? UNCONSTRAINED, wide.get(claim) ?? UNCONSTRAINED);
  });
}
