import type { PresentedCredential } from './credentials/credential.ts';
import type { Deny } from './decision.ts';

/** Slows down whoever guesses. A valid credential is verified first, so that it works whatever others do. */
export interface FailureLimits {
  /**
   * Counts a credential that did not verify; undefined for one that was no credential at all. Returns the refusal to answer instead (429 with `retryAfter`) where its
   * client, or the name it was tried for, has failed too often.
   */
  failed(clientAddress: string, presented: PresentedCredential | undefined): Deny | undefined;
}
