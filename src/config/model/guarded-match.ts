import { GUARDED_CLAIMS } from '../../core/issuers/guarded-claims.ts';
import type { IssuerType } from '../../core/issuers/issuer-presets.ts';
import type { DraftIdentity } from './draft.ts';
import { acceptsValue, conditionsOn, usesOperator } from './match-parts.ts';

/** Whether an identity with this `match` accepts tokens that the guard of the issuer type refuses. */
export function liftsGuard(match: DraftIdentity['match'], type: IssuerType): boolean {
  const guarded = GUARDED_CLAIMS[type];
  if (guarded === undefined || !usesOperator(match, guarded.claim, guarded.replacedBy)) return false;
  const conditions = conditionsOn(match, guarded.claim);
  return (
    guarded.refusedValues.length === 0 ||
    guarded.refusedValues.some((value) => conditions.every(({ parts }) => acceptsValue(parts, value)))
  );
}
