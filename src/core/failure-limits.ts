import type { PresentedCredential } from './credentials/credential.ts';
import type { Deny } from './decision.ts';

/** Limits failed authentication attempts. Verification runs first: a valid credential is never limited. */
export interface FailureLimits {
  /**
   * Counts a failed attempt. A repetition of the same credential, or of the same unknown key id, counts once per window.
   * `presented` is undefined if no credential could be extracted or verified; every such attempt counts. Returns a refusal (429 with `retryAfter`) if the client address, or the name in the credential, has exceeded its limit.
   */
  failed(clientAddress: string, presented: PresentedCredential | undefined, keyId?: string): Deny | undefined;
  /** Counts an unknown key id whose key may be published soon, apart from failed attempts. */
  pending(clientAddress: string, keyId: string): Deny | undefined;
}
