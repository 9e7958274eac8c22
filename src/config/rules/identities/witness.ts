import { namesOfClaim, plainClaimName } from '../../../core/credentials/claims.ts';
import type { GuardedClaim } from '../../../core/issuers/guarded-claims.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { commonExamples, examplesOf } from '../../../util/text/glob-overlap.ts';
import { acceptsValue, type MatchParts } from '../../model/match-parts.ts';
import type { Positioned } from './cover-index.ts';

/** Claims of a token, by name or JSON pointer; a list for a condition with `contains`. */
export type WitnessClaims = Readonly<Record<string, string | readonly string[]>>;

/** Claims that both identities match; undefined if there are none or they are hard to find. */
export function commonToken(a: Positioned, b: Positioned, type: IssuerType): WitnessClaims | undefined {
  const constraints = new Map<string, MatchParts[]>();
  for (const { match } of [a, b]) {
    for (const [name, parts] of match) {
      const claim = plainClaimName(name);
      constraints.set(claim, [...(constraints.get(claim) ?? []), parts]);
    }
  }
  for (const { match } of [a, b])
    for (const guard of ISSUER_PRESETS[type].guards) constrainByGuard(constraints, match, guard);
  const claims: Record<string, string | readonly string[]> = {};
  for (const [claim, parts] of constraints) {
    const value = valueFor(parts);
    if (value === undefined) return undefined;
    claims[claim] = value;
  }
  // A claim and its members cannot both be given.
  const names = Object.keys(claims);
  const nested = names.some((name) =>
    names.some((other) => other !== name && `/${name}/`.startsWith(`${other}/`)),
  );
  const inside = names.some(
    (name) => name.startsWith('/') && names.some((other) => name.startsWith(`/${other}/`)),
  );
  return nested || inside ? undefined : claims;
}

/** The guard of the issuer type applies to an identity without a condition that replaces it. */
function constrainByGuard(
  constraints: Map<string, MatchParts[]>,
  match: Positioned['match'],
  guard: GuardedClaim,
): void {
  const { claim } = guard;
  const own = namesOfClaim(claim).flatMap((name) => match.get(name) ?? []);
  const required = constraints.get(claim);
  switch (guard.kind) {
    case 'default_condition':
      if (own.some(({ values }) => values !== undefined)) return;
      // A token without the claim passes.
      if (guard.optional && required === undefined) return;
      add(constraints, claim, { ...ANY, [guard.operator === 'in' ? 'values' : 'notIn']: guard.values });
      return;
    case 'same_claim': {
      if (own.length > 0 || required === undefined) return;
      // Without a condition, both claims have one value.
      const value = valueFor([...required, ...(constraints.get(guard.as) ?? [])]);
      const only: MatchParts = { ...ANY, values: typeof value === 'string' ? [value] : [] };
      add(constraints, claim, only);
      add(constraints, guard.as, only);
      return;
    }
    default:
      guard satisfies never;
  }
}

const ANY: MatchParts = { values: undefined, notIn: [], contains: undefined, globs: undefined };

function add(constraints: Map<string, MatchParts[]>, claim: string, parts: MatchParts): void {
  constraints.set(claim, [...(constraints.get(claim) ?? []), parts]);
}

/** A value that satisfies all conditions on one claim. */
function valueFor(all: readonly MatchParts[]): string | readonly string[] | undefined {
  const lists = all.filter(({ contains }) => contains !== undefined);
  if (lists.length > 0) {
    const onlyLists = all.every(
      ({ contains, values, globs, notIn }) =>
        contains !== undefined && values === undefined && globs === undefined && notIn.length === 0,
    );
    return onlyLists ? [...new Set(lists.flatMap(({ contains }) => contains ?? []))] : undefined;
  }
  return candidates(all).find((value) => value !== '' && all.every((parts) => acceptsValue(parts, value)));
}

function candidates(all: readonly MatchParts[]): readonly string[] {
  const values = all.find((parts) => parts.values !== undefined)?.values;
  if (values !== undefined) return values;
  const [first, second] = all.flatMap(({ globs }) => (globs === undefined ? [] : [globs]));
  if (first === undefined) return ['x', 'y', 'z', 'x1', 'x2', 'x3', 'x4', 'x5'];
  if (second === undefined) return first.flatMap(examplesOf);
  return first.flatMap((a) => second.flatMap((b) => commonExamples(a, b)));
}
