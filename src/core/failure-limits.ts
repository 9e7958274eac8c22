import type { PresentedCredential } from './credentials/credential.ts';
import type { Deny } from './decision.ts';

/** Limits failed authentication attempts. Verification runs first: a valid credential is never limited. */
export interface FailureLimits {
  /**
   * Counts a failed attempt. `presented` is undefined if no credential could be extracted. Returns a refusal
   * (429 with `retryAfter`) if the client address, or the name in the credential, has exceeded its limit.
   */
  failed(clientAddress: string, presented: PresentedCredential | undefined): Deny | undefined;
}
