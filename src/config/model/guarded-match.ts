import type { GuardedClaim } from '../../core/issuers/guarded-claims.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../core/issuers/issuer-presets.ts';
import type { DraftIdentity } from './draft.ts';
import { acceptsValue, conditionsOn, usesOperator } from './match-parts.ts';

/** The guards of the issuer type that refuse tokens which an identity with this `match` accepts. */
export function liftedGuards(match: DraftIdentity['match'], type: IssuerType): readonly GuardedClaim[] {
  return ISSUER_PRESETS[type].guards.filter((guard) => liftsGuard(match, guard));
}

function liftsGuard(match: DraftIdentity['match'], guard: GuardedClaim): boolean {
  if (!usesOperator(match, guard.claim, guard.replacedBy)) return false;
  const conditions = conditionsOn(match, guard.claim);
  switch (guard.kind) {
    case 'same_claim':
      return true;
    case 'default_condition': {
      const listed = conditions.flatMap(({ parts }) => parts.values ?? []);
      return [...guard.refusedValues, ...listed].some(
        (value) =>
          isRefusedBy(guard.operator, guard.values, value) &&
          conditions.every(({ parts }) => acceptsValue(parts, value)),
      );
    }
    default:
      return guard satisfies never;
  }
}

function isRefusedBy(operator: 'in' | 'notIn', values: readonly string[], value: string): boolean {
  return values.includes(value) === (operator === 'notIn');
}
