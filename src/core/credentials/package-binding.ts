import type { Caller, Refusal } from '../decision.ts';
import type { Operation } from '../request/operation.ts';
import type { VerifiedCredential } from './credential.ts';

/** The publishing token is bound to the package of the request. */
export interface BoundToPackage {
  readonly kind: 'bound';
  /** For the audit event. */
  readonly detail: string;
}

/**
 * Binds a publishing token to the package of its first push, and refuses its writes to other packages. Undefined: the
 * request writes nothing, or the token was issued for one package.
 */
export type BindPackage = (
  credential: VerifiedCredential,
  /** The operations that policy has allowed. */
  operations: readonly Operation[],
  caller: Caller | undefined,
) => Promise<BoundToPackage | Refusal> | undefined;
