import type { Caller, Refusal } from '../decision.ts';
import type { VerifiedCredential } from './credential.ts';

/**
 * Refuses a credential whose job or pod has ended, and every credential for which its issuer does not report it.
 * Synchronous for a cached result. Called after policy and revocations: a token that they refuse causes no request.
 */
export type RefuseEnded = (
  credential: VerifiedCredential,
  /** The credential as presented. */
  token: string,
  caller: Caller | undefined,
) => Refusal | undefined | Promise<Refusal | undefined>;
