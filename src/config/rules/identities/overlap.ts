import { namesOfClaim } from '../../../core/credentials/claims.ts';
import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { determinedClaims } from '../../../core/issuers/determined-claims.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';
import { positioned, type Positioned } from './cover-index.ts';
import { shadowedIdentities } from './order.ts';
import { implies } from './implies.ts';
import { createOutcome } from './outcome.ts';
import { indexOverlaps } from './overlap-index.ts';
import { commonToken, type WitnessClaims } from './witness.ts';

/** Limits the time for policies in which many patterns have the same start. */
const MAX_COMPARISONS = 300_000;
const MAX_TOKENS = 5_000;

/** Warns about two identities that can match the same token and differ in outcome: their order decides (ADR 0037). */
export function checkOverlap(context: RuleContext): void {
  const { identities, issuers } = context.draft;
  const types = new Map(issuers.map(({ name, type }) => [name, type]));
  const shadowed = shadowedIdentities(context.draft);
  const outcomeOf = createOutcome(context.draft);
  const budget = { comparisons: MAX_COMPARISONS, tokens: MAX_TOKENS };
  const reachable = identities.filter((identity) => !shadowed.has(identity)).map(positioned);
  for (const [issuer, group] of Map.groupBy(reachable, ({ identity }) => identity.issuer)) {
    const type = types.get(issuer);
    if (type === undefined) continue;
    const outcomes = new Map(group.map((each) => [each, outcomeOf(each.identity)]));
    const index = indexOverlaps(group);
    const search = { type, outcomes, budget };
    for (const later of group) {
      for (const earlier of index.candidates(later)) {
        const token = overlap(earlier, later, search);
        if (token === undefined) continue;
        report(context, earlier, later, token, type);
        break;
      }
      if (budget.comparisons > 0 && budget.tokens > 0) continue;
      const message = 'is not compared with all earlier identities: too many patterns have the same start';
      context.note(['identities', later.identity.name], message, 'key');
      return;
    }
  }
}

interface Search {
  readonly type: IssuerType;
  readonly outcomes: ReadonlyMap<Positioned, string>;
  readonly budget: { comparisons: number; tokens: number };
}

/** A token that both match although neither is an exception to the other. */
function overlap(
  earlier: Positioned,
  later: Positioned,
  { type, outcomes, budget }: Search,
): WitnessClaims | undefined {
  budget.comparisons -= 1;
  if (outcomes.get(earlier) === outcomes.get(later)) return undefined;
  if (!earlier.identity.via.some((credential) => later.identity.via.includes(credential))) return undefined;
  if (openClaims(later, earlier, type).length === 0) return undefined;
  budget.tokens -= 1;
  return commonToken(earlier, later, type);
}

/** Conditions of `general` that `special` leaves open; none for a catch-all, and for the group after its project. */
function openClaims(general: Positioned, special: Positioned, type: IssuerType): string[] {
  const determined = new Set(
    [...special.match].flatMap(([name, { values }]) =>
      values === undefined ? [] : determinedClaims(type, name),
    ),
  );
  return [...general.match].flatMap(([claim, condition]) => {
    const narrower = special.match.get(claim);
    const follows = determined.has(claim) || (narrower !== undefined && implies(narrower, condition));
    return follows ? [] : [claim];
  });
}

function report(
  context: RuleContext,
  earlier: Positioned,
  later: Positioned,
  token: WitnessClaims,
  type: IssuerType,
): void {
  const { name } = earlier.identity;
  const where = context.where(['identities', name]);
  const open = openClaims(later, earlier, type).join(', ');
  const witness = printToken(context, [earlier, later], token);
  const message = `can match the same token as "${name}" (${where}), which comes first and differs in its grants, token lifetime or upstream credential; a token with ${witness} gets those of "${name}". To keep this order, add the conditions on ${open} to "${name}"; otherwise exclude its tokens here with notIn`;
  context.warn(['identities', later.identity.name], message, 'key');
}

/** Values of variables are omitted from messages. */
function printToken(context: RuleContext, pair: readonly Positioned[], token: WitnessClaims): string {
  const claims = Object.entries(token).map(([claim, value]) => {
    const paths = pair.flatMap(({ identity }): KeyPath[] =>
      namesOfClaim(claim).map((key) => ['identities', identity.name, 'match', key]),
    );
    return [claim, paths.some((path) => context.isExpanded(path)) ? '…' : value];
  });
  return JSON.stringify(Object.fromEntries(claims));
}
