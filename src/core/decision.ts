import type { VerifiedCredential } from './credentials/credential.ts';
import type { Operation } from './request/operation.ts';
import type { DenyReason, UnableCause } from './reasons.ts';

/** The identity that policy matched to a credential. One object per credential and compiled policy. */
export interface Caller {
  readonly identity: string;
  readonly roles: readonly string[];
  readonly credential: VerifiedCredential;
}

/** The request is authorized. */
export interface Allow {
  readonly kind: 'allow';
  /**
   * `grant`: the grants of the identity cover the request. `anonymous`: the anonymous grants of the service
   * cover it. `shadow`: policy denies it, but the service is in shadow mode.
   */
  readonly basis: 'grant' | 'anonymous' | 'shadow';
  /** Undefined without a credential, and in shadow mode if no identity matches. */
  readonly caller: Caller | undefined;
  /** The denial that shadow mode did not enforce; defined if and only if `basis` is `shadow`. */
  readonly relaxed: Deny | undefined;
}

/**
 * The identity of the policy that is closest to a credential that matches none, and the condition that failed.
 * For the audit event; never sent to the client.
 */
export interface NearestIdentity {
  readonly identity: string;
  readonly claim: string;
  /** The operator and the values of the failed condition; undefined for a guard. */
  readonly operator?: string;
  readonly expected?: readonly string[];
  readonly actual: unknown;
  /** The rule of a guard that failed. */
  readonly why?: string;
}

/** The request is refused. The status and the default message follow from `reason`. */
export interface Deny {
  readonly kind: 'deny';
  readonly reason: DenyReason;
  /** For the audit event; never sent to the client. */
  readonly detail: string;
  /** Replaces the reason's message in the response. States the problem and the next step. */
  readonly message?: string;
  /** A recognised mistake in the text of the credential, and its remedy. Replaces every other message. */
  readonly mistake?: string;
  /** The operation that the policy refuses to the caller. */
  readonly operation?: Operation;
  /** The refused caller, if an identity matched. */
  readonly caller?: Caller | undefined;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter?: number;
  /** The unknown key id of the credential. Failed attempts with one key id count once. */
  readonly keyId?: string;
  /** Of `no_matching_identity`, where it was determined. */
  readonly nearest?: NearestIdentity | undefined;
  /** Of `insufficient_scope`: a new token from the same login would be sufficient. */
  readonly renewable?: boolean;
}

/** The decision could not be made: a dependency failed or is overloaded. The status is 503. */
export interface Unable {
  readonly kind: 'unable';
  readonly reason: UnableCause;
  /** For the audit event; never sent to the client. */
  readonly detail: string;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter: number;
  /** The client exhausted its introspection budget: the refusal counts as a failed attempt of its address. */
  readonly overBudget?: boolean;
  /** Of `signing_key_pending`: the unknown key id of the credential. */
  readonly keyId?: string;
}

export type Decision = Allow | Deny | Unable;

/** The reason of an allowed request in the audit event. */
export function basisReason(basis: Allow['basis']): 'granted' | 'anonymous' | 'shadow' {
  return basis === 'grant' ? 'granted' : basis;
}

/** The expected failure of any stage of the request pipeline, returned instead of the stage's result. */
export type Refusal = Deny | Unable;

/** Creates a `Deny`; `detail` is for the audit event. */
export function deny(reason: DenyReason, detail: string, caller?: Caller): Deny {
  return { kind: 'deny', reason, detail, caller };
}

/** Creates an `Unable`; `retryAfter` is in seconds. */
export function unable(reason: UnableCause, detail: string, retryAfter = 5): Unable {
  return { kind: 'unable', reason, detail, retryAfter };
}
