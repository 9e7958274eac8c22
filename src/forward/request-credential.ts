import type { Forwarding } from '../contract/forwarding.ts';
import type { UpstreamFault } from '../contract/reason.ts';

/** Where in a request to the upstream a credential stands. */
export interface Presented {
  readonly carrier: 'header' | 'query';
  readonly name: string;
  readonly value: string;
}

/** What is presented for each request. */
export interface RequestCredential {
  /** Headers that may carry it: whatever a client sends under these names goes. */
  readonly headers: readonly string[];
  /** At once where it is at hand; undefined where the request goes without. Rejects with a `CredentialFault`. */
  present(forwarding: Forwarding): Presented | CredentialFault | undefined | Promise<Presented>;
  /** The upstream did not take it, or wants one where there was none. */
  rejected(forwarding: Forwarding): Rejection;
  close(): void;
}

/** `another` may be had; or the reason that the client is told. */
export type Rejection = 'another' | 'upstream_unauthorized' | 'credential_invalid' | 'no_credential';

/** There is nothing to present, and without it the request must not go out. */
export class CredentialFault extends Error {
  readonly reason: UpstreamFault | 'upstream_credential_missing';

  constructor(reason: CredentialFault['reason'], detail: string) {
    super(detail);
    this.reason = reason;
  }
}
