import { GUARDED_CLAIMS, UNTRUSTED_EVENTS } from '../../../core/guarded-claims.ts';
import type { IssuerType } from '../../../core/issuer-presets.ts';
import type { DraftIdentity } from '../../model/draft.ts';
import {
  acceptsValue,
  conditionsOn,
  listsValues,
  partsOf,
  type MatchParts,
} from '../../model/match-parts.ts';
import type { RuleContext } from '../rule.ts';

/** Warns of identities that an earlier one always matches before. */
export function checkOrder(context: RuleContext): void {
  const { identities, issuers } = context.draft;
  const types = new Map(issuers.map(({ name, type }) => [name, type]));
  const earlier = new Map<string, DraftIdentity[]>();
  for (const identity of identities) {
    const before = earlier.get(identity.issuer) ?? [];
    const winner = before.find((each) => covers(each, identity, types.get(identity.issuer)));
    if (winner !== undefined) {
      const where = context.where(['identities', winner.name]);
      const message = `can never match: "${winner.name}" (${where}) takes all that it would; put this one before it`;
      context.warn(['identities', identity.name], message, 'key');
    }
    earlier.set(identity.issuer, [...before, identity]);
  }
}

function covers(first: DraftIdentity, second: DraftIdentity, type: IssuerType | undefined): boolean {
  if (replacesGuard(second, type) && !replacesGuard(first, type)) return false;
  return (
    second.via.every((credential) => first.via.includes(credential)) &&
    Object.entries(first.match).every(([claim, condition]) => {
      const narrower = second.match[claim];
      return narrower !== undefined && implies(partsOf(narrower), partsOf(condition));
    })
  );
}

/** Whatever satisfies `narrow` satisfies `wide`; false where that cannot be seen. */
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

/** It accepts tokens that the guard of the issuer type refuses (src/policy/compile/preset-guards.ts). */
function replacesGuard({ match }: DraftIdentity, type: IssuerType | undefined): boolean {
  const claim = type === undefined ? undefined : GUARDED_CLAIMS[type];
  if (claim === undefined || !listsValues(match, claim)) return false;
  const conditions = conditionsOn(match, claim);
  return (
    claim !== 'event_name' ||
    UNTRUSTED_EVENTS.some((event) => conditions.every(({ parts }) => acceptsValue(parts, event)))
  );
}
