import { claimAt, namesOfClaim, scalarClaim } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import type { GuardedClaim } from '../../core/issuers/guarded-claims.ts';
import { ISSUER_PRESETS, ISSUER_TYPES, type IssuerType } from '../../core/issuers/issuer-presets.ts';
import type { Condition } from './condition.ts';

/** A check on a claim that applies to an identity unless a condition of its `match` replaces it. */
export interface Guard {
  readonly claim: string;
  readonly passes: (claims: Claims) => boolean;
  readonly why: string;
  readonly guarded: GuardedClaim;
}

/** Returns the guards that apply to an identity with these conditions. */
export function guardsFor(type: IssuerType, conditions: readonly Condition[]): readonly Guard[] {
  return guardsOf(type).filter(({ guarded: { claim, replacedBy } }) => {
    const names = namesOfClaim(claim);
    return !conditions.some(
      (condition) => names.includes(condition.claim) && replacedBy.includes(condition.operator),
    );
  });
}

/** Returns the claims that the guards of this issuer type read. */
export function guardClaims(type: IssuerType): readonly string[] {
  return guardsOf(type).map(({ claim }) => claim);
}

function guardFor(guarded: GuardedClaim): Guard {
  const { claim, why } = guarded;
  return { claim, why, guarded, passes: checkOf(guarded) };
}

function checkOf(guarded: GuardedClaim): Guard['passes'] {
  const { claim } = guarded;
  switch (guarded.kind) {
    case 'default_condition': {
      const values = new Set(guarded.values);
      const accepts = guarded.operator === 'in';
      return (claims) => {
        const value = scalarClaim(claims, claim);
        if (value !== undefined) return values.has(value) === accepts;
        return guarded.optional && claimAt(claims, claim) === undefined;
      };
    }
    case 'same_claim':
      return (claims) =>
        claimAt(claims, claim) === undefined ||
        (scalarClaim(claims, claim) !== undefined &&
          scalarClaim(claims, claim) === scalarClaim(claims, guarded.as));
    default:
      return guarded satisfies never;
  }
}

const GUARDS: ReadonlyMap<IssuerType, readonly Guard[]> = new Map(
  ISSUER_TYPES.map((type) => [type, ISSUER_PRESETS[type].guards.map(guardFor)]),
);

function guardsOf(type: IssuerType): readonly Guard[] {
  return GUARDS.get(type) ?? [];
}
