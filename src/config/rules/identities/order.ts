import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
import type { Draft, DraftIdentity } from '../../model/draft.ts';
import type { GuardedClaim } from '../../../core/issuers/guarded-claims.ts';
import { liftedGuards } from '../../model/guarded-match.ts';
import type { RuleContext } from '../rule.ts';
import { implies } from './implies.ts';
import { indexCovers, positioned, type CoverIndex, type Positioned } from './cover-index.ts';

/** Reports identities that are fully shadowed by an earlier one. */
export function checkOrder(context: RuleContext): void {
  const byName = new Map(
    context.draft.workloadIdentities.map(({ name, identity }) => [identity ?? name, name] as const),
  );
  for (const [{ name }, winner] of shadowedIdentities(context.draft)) {
    const where = context.where(['identities', winner.name]);
    const message = `shadowed by "${winner.name}" (${where}), which matches every token that this identity matches; move it before "${winner.name}"`;
    const workload = byName.get(name);
    if (workload === undefined) context.error(['identities', name], `is unreachable: ${message}`, 'key');
    else {
      const only = `is reachable only as workload identity "${workload}": ${message}, or leave it if that is intended`;
      context.note(['identities', name], only, 'key');
    }
  }
}

const found = new WeakMap<Draft, ReadonlyMap<DraftIdentity, DraftIdentity>>();

/** The identities that never match first, each with the first identity that matches all its tokens. */
export function shadowedIdentities(draft: Draft): ReadonlyMap<DraftIdentity, DraftIdentity> {
  const known = found.get(draft);
  if (known !== undefined) return known;
  const { identities, issuers } = draft;
  const types = new Map(issuers.map(({ name, type }) => [name, type]));
  const byIssuer = Map.groupBy(identities.map(positioned), ({ identity }) => identity.issuer);
  const winners = new Map<DraftIdentity, DraftIdentity>();
  for (const [issuer, group] of byIssuer) {
    const index = indexCovers(group);
    const liftedBy = createGuardCheck(types.get(issuer));
    for (const each of group) {
      const winner = firstCover(each, index, liftedBy);
      if (winner !== undefined) winners.set(each.identity, winner.identity);
    }
  }
  found.set(draft, winners);
  return winners;
}

/** The guards of the issuer type that do not apply to an identity. */
type LiftedBy = (identity: DraftIdentity) => readonly GuardedClaim[];

function firstCover(narrow: Positioned, index: CoverIndex, liftedBy: LiftedBy): Positioned | undefined {
  let first: Positioned | undefined;
  for (const wide of index.candidates(narrow)) {
    if (wide.position < (first?.position ?? narrow.position) && coversIdentity(wide, narrow, liftedBy))
      first = wide;
  }
  return first;
}

/** Whether `wide` matches every token that `narrow` matches; false where that is undecided. */
export function coversIdentity(wide: Positioned, narrow: Positioned, liftedBy: LiftedBy): boolean {
  const lifted = liftedBy(wide.identity);
  if (!liftedBy(narrow.identity).every((guard) => lifted.includes(guard))) return false;
  if (!narrow.identity.via.every((credential) => wide.identity.via.includes(credential))) return false;
  for (const [claim, condition] of wide.match) {
    const narrower = narrow.match.get(claim);
    if (narrower === undefined || !implies(narrower, condition)) return false;
  }
  return true;
}

/** Each identity is checked once. */
function createGuardCheck(type: IssuerType | undefined): LiftedBy {
  if (type === undefined) return () => [];
  const checked = new Map<DraftIdentity, readonly GuardedClaim[]>();
  return (identity) => {
    const known = checked.get(identity);
    if (known !== undefined) return known;
    const lifted = liftedGuards(identity.match, type);
    checked.set(identity, lifted);
    return lifted;
  };
}
