import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { ExplainedDecision } from '../../core/records/explanation-view.ts';
import type { RequestLimits } from '../../core/identity-limits.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { UnnamedResource } from '../../core/request/protocol.ts';
import type { GrantOrigin } from '../compile/grant.ts';
import type { AllowlistVerdict } from '../compile/job-token-allowlist.ts';
import type { Mismatch } from '../compile/identity.ts';
import type { PolicyServiceSettings } from '../settings.ts';

/**
 * An explanation as plain data, which the CLI prints as JSON or text. It discloses patterns and claims: not
 * for clients.
 */
export interface Explanation {
  readonly service: string;
  readonly mode: PolicyServiceSettings['mode'];
  readonly credential: Pick<VerifiedCredential, 'class' | 'issuer' | 'subject'> | undefined;
  /** The identities of the credential's issuer, in order, up to the first match. */
  readonly identities: readonly IdentityTrace[];
  readonly operations: readonly OperationTrace[];
  readonly verdict: ExplainedDecision;
  /** The limits of the caller at the service, which do not change the verdict. Absent without any. */
  readonly limits?: readonly LimitTrace[];
  /** Why the operation is on all resources. Absent if the request names its resource, or is for all of them. */
  readonly unnamed?: UnnamedResource;
}

/** A limit that applies, with its place in the configuration. */
export interface LimitTrace extends RequestLimits {
  readonly setting: string;
}

/** The evaluation of one identity. */
export type IdentityTrace =
  | { readonly identity: string; readonly outcome: 'matched' }
  | { readonly identity: string; readonly outcome: 'failed'; readonly mismatch: Mismatch };

/** The evaluation of one operation. */
export interface OperationTrace {
  readonly operation: Operation;
  readonly granted: boolean;
  /** All grants of the caller on this service, then the anonymous ones. */
  readonly grants: readonly GrantTrace[];
  /** The verdict of the job token allowlist, if it applies to the credential and the operation. */
  readonly allowlist?: AllowlistVerdict;
}

/** The evaluation of one grant for one operation. */
export interface GrantTrace {
  readonly origin: GrantOrigin;
  /** Position in the list of its origin, from 0. */
  readonly index: number;
  readonly outcome: 'hit' | 'scope_differs' | 'resource_differs';
  readonly scopes: readonly string[];
  readonly resources: readonly ResourceTrace[];
}

/** The evaluation of one resource pattern of a grant. */
export type ResourceTrace =
  | {
      readonly kind: 'pattern';
      readonly template: string;
      readonly pattern: string;
      /** Whether the pattern covers the operation's resource, regardless of the scope. */
      readonly matches: boolean;
    }
  | { readonly kind: 'unusable'; readonly template: string; readonly claim: string; readonly why: string };
