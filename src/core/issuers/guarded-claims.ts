import type { IssuerType } from './issuer-presets.ts';

/** Operators of a condition in `match`. */
export type MatchOperator = 'equals' | 'in' | 'notIn' | 'contains' | 'glob';

/** A claim by which tokens of an issuer type are refused, unless the identity accepts its value explicitly. */
export interface GuardedClaim {
  readonly claim: 'event_name' | 'job_project_id';
  /** A condition on the claim with one of these operators replaces the guard. */
  readonly replacedBy: readonly MatchOperator[];
  /** Values that the guard refuses. Empty: the guard compares the claim with other claims of the token. */
  readonly refusedValues: readonly string[];
}

/**
 * GitHub events that run untrusted input with the permissions of the base repository:
 * https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
 */
export const UNTRUSTED_EVENTS = ['pull_request_target', 'workflow_run'] as const;

export const GUARDED_CLAIMS: Readonly<Partial<Record<IssuerType, GuardedClaim>>> = {
  // An exclusion or a pattern would also accept values that its author did not list.
  github: { claim: 'event_name', replacedBy: ['equals', 'in'], refusedValues: UNTRUSTED_EVENTS },
  gitlab: {
    claim: 'job_project_id',
    replacedBy: ['equals', 'in', 'notIn', 'contains', 'glob'],
    refusedValues: [],
  },
};
