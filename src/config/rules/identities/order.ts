import { GUARDED_CLAIMS } from '../../../core/guarded-claims.ts';
import type { IssuerType } from '../../../core/issuer-presets.ts';
import type { DraftIdentity } from '../../model/draft.ts';
import {
  acceptsValue,
  conditionsOn,
  partsOf,
  usesOperator,
  type MatchParts,
} from '../../model/match-parts.ts';
import type { RuleContext } from '../rule.ts';

/** Warns about identities that are fully shadowed by an earlier one. */
export function checkOrder(context: RuleContext): void {
  const { identities, issuers } = context.draft;
  const types = new Map(issuers.map(({ name, type }) => [name, type]));
  const earlier = new Map<string, DraftIdentity[]>();
  for (const identity of identities) {
    const before = earlier.get(identity.issuer) ?? [];
    const winner = before.find((each) => covers(each, identity, types.get(identity.issuer)));
    if (winner !== undefined) {
      const where = context.where(['identities', winner.name]);
      const message = `is unreachable: shadowed by "${winner.name}" (${where}), which matches every token that this identity matches; move it before "${winner.name}"`;
      context.warn(['identities', identity.name], message, 'key');
    }
    earlier.set(identity.issuer, [...before, identity]);
  }
}

function covers(first: DraftIdentity, second: DraftIdentity, type: IssuerType | undefined): boolean {
  if (acceptsGuardedTokens(second, type) && !acceptsGuardedTokens(first, type)) return false;
  return (
    second.via.every((credential) => first.via.includes(credential)) &&
    Object.entries(first.match).every(([claim, condition]) => {
      const narrower = second.match[claim];
      return narrower !== undefined && implies(partsOf(narrower), partsOf(condition));
    })
  );
}

/** Whether every value that satisfies `narrow` satisfies `wide`; false where that is undecided. */
function implies(narrow: MatchParts, wide: MatchParts): boolean {
  if (wide.contains !== undefined && wide.contains !== narrow.contains) return false;
  if (narrow.values !== undefined) return narrow.values.every((value) => acceptsValue(wide, value));
  if (wide.values !== undefined) return false;
  const isScalar = narrow.globs !== undefined || narrow.notIn.length > 0;
  return (
    wide.notIn.every((value) => narrow.notIn.includes(value)) &&
    (wide.globs === undefined ||
      (isScalar && wide.globs.includes('**')) ||
      (narrow.globs?.every((glob) => wide.globs?.includes(glob)) ?? false))
  );
}

/** Whether the identity accepts tokens that the guard of the issuer type refuses. */
function acceptsGuardedTokens({ match }: DraftIdentity, type: IssuerType | undefined): boolean {
  const guarded = type === undefined ? undefined : GUARDED_CLAIMS[type];
  if (guarded === undefined || !usesOperator(match, guarded.claim, guarded.replacedBy)) return false;
  const conditions = conditionsOn(match, guarded.claim);
  const { refusedValues } = guarded;
  return (
    refusedValues.length === 0 ||
    refusedValues.some((value) => conditions.every(({ parts }) => acceptsValue(parts, value)))
  );
}
