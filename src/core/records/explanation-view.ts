import type { Allow } from '../decision.ts';
import type { Reason } from '../reasons.ts';

/** The decision, without the credential. */
export type ExplainedDecision =
  | {
      readonly kind: 'allow';
      readonly basis: Exclude<Allow['basis'], 'shadow'>;
      readonly identity: string | undefined;
    }
  | {
      readonly kind: 'allow';
      readonly basis: 'shadow';
      readonly identity: string | undefined;
      readonly relaxed: { readonly reason: Reason; readonly detail: string } | undefined;
    }
  | {
      readonly kind: 'deny' | 'unable';
      readonly reason: Reason;
      readonly detail: string;
      readonly identity: string | undefined;
    };

/**
 * An explanation in words, for terminals and pages. It discloses claims and patterns: not for clients. Values from
 * tokens are quoted and contain no control characters.
 */
export interface ExplanationView {
  readonly service: string;
  readonly mode: string;
  /** Class, issuer and subject; undefined for an anonymous request. */
  readonly credential: string | undefined;
  readonly verdict: ExplainedDecision;
  /** The identities of the credential's issuer, in order, up to the first match. */
  readonly identities: readonly IdentityView[];
  readonly operations: readonly OperationView[];
  /** The limits that apply to the caller. */
  readonly limits: readonly string[];
  /** Why a request for one resource needs a grant on all of them. */
  readonly unnamed: string | undefined;
}

export interface IdentityView {
  readonly name: string;
  readonly matches: boolean;
  /** The first condition that failed. */
  readonly text: string;
}

export interface OperationView {
  /** Scope and resource. */
  readonly text: string;
  readonly granted: boolean;
  /** All grants of the caller on the service, then the anonymous ones. */
  readonly grants: readonly GrantTraceView[];
  /** Why there are no grants. */
  readonly noGrant: string;
  /** The verdict of the job token allowlist, if it applies. */
  readonly allowlist: { readonly open: boolean; readonly text: string } | undefined;
}

export interface GrantTraceView {
  readonly text: string;
  readonly matches: boolean;
  /** Its scopes do not include the requested one; its resources are not listed then. */
  readonly otherScopes: boolean;
  readonly resources: readonly {
    readonly pattern: string;
    readonly matches: boolean;
    readonly text: string;
  }[];
}
