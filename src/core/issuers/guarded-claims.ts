/** Operators of a condition in `match`. */
export type MatchOperator = 'equals' | 'in' | 'notIn' | 'contains' | 'glob';

/** A claim by which tokens of an issuer type are refused, unless the identity accepts its value explicitly. */
export type GuardedClaim = DefaultCondition | SameClaim;

interface Guarded {
  /** By name, or by JSON pointer for a member of a claim. */
  readonly claim: string;
  /** A condition on the claim with one of these operators replaces the guard. */
  readonly replacedBy: readonly MatchOperator[];
  /** The reason of a denial. */
  readonly why: string;
}

/** A condition that applies unless a list of values replaces it. */
export interface DefaultCondition extends Guarded {
  readonly kind: 'default_condition';
  readonly operator: 'in' | 'notIn';
  readonly values: readonly string[];
  /** Values that the condition refuses. */
  readonly refusedValues: readonly string[];
  /** A token without the claim passes. */
  readonly optional: boolean;
  /** The effect of a refused value, as the end of the sentence "accepts VALUE, …". */
  readonly effect: string;
  /** A condition that accepts what the guard accepts. */
  readonly example: string;
}

/** The claim is missing, or equal to another claim. */
export interface SameClaim extends Guarded {
  readonly kind: 'same_claim';
  readonly as: string;
}
