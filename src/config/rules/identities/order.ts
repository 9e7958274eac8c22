import { GUARDED_CLAIMS } from '../../../core/guarded-claims.ts';
import type { IssuerType } from '../../../core/issuer-presets.ts';
import type { DraftIdentity } from '../../model/draft.ts';
import { acceptsValue, conditionsOn, usesOperator, type MatchParts } from '../../model/match-parts.ts';
import type { RuleContext } from '../rule.ts';
import { indexCovers, positioned, type CoverIndex, type Positioned } from './cover-index.ts';

/** Warns about identities that are fully shadowed by an earlier one. */
export function checkOrder(context: RuleContext): void {
  const { identities, issuers } = context.draft;
  const types = new Map(issuers.map(({ name, type }) => [name, type]));
  const byIssuer = Map.groupBy(identities.map(positioned), ({ identity }) => identity.issuer);
  const winners = new Map<DraftIdentity, DraftIdentity>();
  for (const [issuer, group] of byIssuer) {
    const index = indexCovers(group);
    const isGuarded = createGuardCheck(types.get(issuer));
    for (const each of group) {
      const winner = firstCover(each, index, isGuarded);
      if (winner !== undefined) winners.set(each.identity, winner.identity);
    }
  }
  for (const [{ name }, winner] of winners) {
    const where = context.where(['identities', winner.name]);
    const message = `is unreachable: shadowed by "${winner.name}" (${where}), which matches every token that this identity matches; move it before "${winner.name}"`;
    context.warn(['identities', name], message, 'key');
  }
}

type GuardCheck = (identity: DraftIdentity) => boolean;

function firstCover(
  narrow: Positioned,
  index: CoverIndex,
  acceptsGuarded: GuardCheck,
): Positioned | undefined {
  let first: Positioned | undefined;
  for (const wide of index.candidates(narrow)) {
    if (wide.position < (first?.position ?? narrow.position) && coversIdentity(wide, narrow, acceptsGuarded))
      first = wide;
  }
  return first;
}

/** Whether `wide` matches every token that `narrow` matches; false where that is undecided. */
export function coversIdentity(wide: Positioned, narrow: Positioned, acceptsGuarded: GuardCheck): boolean {
  if (acceptsGuarded(narrow.identity) && !acceptsGuarded(wide.identity)) return false;
  if (!narrow.identity.via.every((credential) => wide.identity.via.includes(credential))) return false;
  for (const [claim, condition] of wide.match) {
    const narrower = narrow.match.get(claim);
    if (narrower === undefined || !implies(narrower, condition)) return false;
  }
  return true;
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

/** Returns whether an identity accepts tokens that the guard of the issuer type refuses. Each is checked once. */
function createGuardCheck(type: IssuerType | undefined): GuardCheck {
  const guarded = type === undefined ? undefined : GUARDED_CLAIMS[type];
  if (guarded === undefined) return () => false;
  const { claim, replacedBy, refusedValues } = guarded;
  const checked = new Map<DraftIdentity, boolean>();
  return (identity) => {
    const known = checked.get(identity);
    if (known !== undefined) return known;
    const accepts = usesOperator(identity.match, claim, replacedBy) && acceptsRefused(identity.match);
    checked.set(identity, accepts);
    return accepts;
  };

  function acceptsRefused(match: DraftIdentity['match']): boolean {
    const conditions = conditionsOn(match, claim);
    return (
      refusedValues.length === 0 ||
      refusedValues.some((value) => conditions.every(({ parts }) => acceptsValue(parts, value)))
    );
  }
}
