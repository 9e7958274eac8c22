import type { VerifiedCredential } from './credentials/credential.ts';
import type { DenyReason, UnableCause } from './reasons.ts';

/** Who a request comes from, once policy has matched the credential. One object per credential and policy. */
export interface Caller {
  readonly identity: string;
  readonly roles: readonly string[];
  readonly credential: VerifiedCredential;
}

export interface Allow {
  readonly kind: 'allow';
  /** `grant`: by the identity's grants. `anonymous`: by the service's. `shadow`: policy said no, the service does not enforce. */
  readonly basis: 'grant' | 'anonymous' | 'shadow';
  /** Undefined for requests without a credential, and in shadow for credentials that no identity matches. */
  readonly caller: Caller | undefined;
  /** In shadow: what the policy said. */
  readonly relaxed: Deny | undefined;
}

/** The answer is no. `detail` is for the audit trail, never for the client. */
export interface Deny {
  readonly kind: 'deny';
  readonly reason: DenyReason;
  readonly detail: string;
  /** For the client, in place of the reason's message: what of its own request was refused, and what to do next. */
  readonly message?: string;
  /** The identity that was refused, where one matched. */
  readonly caller?: Caller | undefined;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter?: number;
}

/** Nobody could tell. Answered 503. */
export interface Unable {
  readonly kind: 'unable';
  readonly reason: UnableCause;
  readonly detail: string;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter: number;
  /** The client used up its own budget: the refusal counts as a failed attempt of its address. */
  readonly overBudget?: boolean;
}

export type Decision = Allow | Deny | Unable;

/** What any stage may return instead of its result. */
export type Refusal = Deny | Unable;

export function deny(reason: DenyReason, detail: string, caller?: Caller): Deny {
  return { kind: 'deny', reason, detail, caller };
}

export function unable(reason: UnableCause, detail: string, retryAfter = 5): Unable {
  return { kind: 'unable', reason, detail, retryAfter };
}
