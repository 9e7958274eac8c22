import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Reason } from '../../core/reasons.ts';
import type { GrantOrigin } from '../compile/grant.ts';
import type { Mismatch } from '../compile/identity.ts';
import type { PolicyServiceSettings } from '../settings.ts';

/** Plain data, from which a CLI prints JSON or text. It names patterns and claims: not for clients. */
export interface Explanation {
  readonly service: string;
  readonly mode: PolicyServiceSettings['mode'];
  readonly credential: Pick<VerifiedCredential, 'class' | 'issuer' | 'subject'> | undefined;
  /** Those of the credential's issuer, in order, up to the one that matches. */
  readonly identities: readonly IdentityTrace[];
  readonly operations: readonly OperationTrace[];
  readonly verdict: ExplainedDecision;
}

export type IdentityTrace =
  | { readonly identity: string; readonly outcome: 'matched' }
  | { readonly identity: string; readonly outcome: 'failed'; readonly mismatch: Mismatch };

export interface OperationTrace {
  readonly operation: Operation;
  readonly granted: boolean;
  /** The caller's and the anonymous ones on this service; all of them are looked at. */
  readonly grants: readonly GrantTrace[];
}

export interface GrantTrace {
  readonly origin: GrantOrigin;
  readonly outcome: 'hit' | 'scope_differs' | 'resource_differs';
  readonly scopes: readonly string[];
  readonly resources: readonly ResourceTrace[];
}

export type ResourceTrace =
  | {
      readonly kind: 'pattern';
      readonly template: string;
      readonly pattern: string;
      /** Whether it covers the operation's resource, the scope aside. */
      readonly matches: boolean;
    }
  | { readonly kind: 'unusable'; readonly template: string; readonly claim: string; readonly why: string };

export type ExplainedDecision =
  | { readonly kind: 'allow'; readonly basis: 'grant' | 'anonymous'; readonly identity: string | undefined }
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
