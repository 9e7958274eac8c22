import { deny, unable } from '../../core/decision.ts';
import type { Forwarding } from '../../core/request/forwarding.ts';
import type { UpstreamFault } from '../../core/reasons.ts';

/** Where in a request to the upstream a credential stands. */
export interface AttachedCredential {
  readonly credentialSource: 'header' | 'query';
  readonly name: string;
  readonly value: string;
}

/** What is presented for each request. */
export interface RequestCredential {
  /** Headers that may carry it: whatever a client sends under these names goes. */
  readonly headers: readonly string[];
  /** At once where it is at hand; undefined where the request goes without. Rejects with a `CredentialFault`. */
  attach(
    forwarding: Forwarding,
  ): AttachedCredential | CredentialFault | undefined | Promise<AttachedCredential>;
  /** The upstream did not take it, or wants one where there was none. */
  rejected(forwarding: Forwarding, presented: AttachedCredential | undefined): Rejection;
  close(): void;
}

/** `another` may be had; or the reason that the client is told. */
export type Rejection = 'another' | 'upstream_unauthorized' | 'credential_invalid' | 'no_credential';

/** There is nothing to present, and without it the request must not go out. */
export class CredentialFault extends Error {
  readonly reason: UpstreamFault | 'upstream_credential_missing' | 'no_credential' | 'store_unavailable';

  constructor(reason: CredentialFault['reason'], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** Tells the client what is missing, and whose fault it is. */
export function failCredential(forwarding: Forwarding, { reason, message }: CredentialFault): void {
  switch (reason) {
    case 'upstream_credential_missing':
    case 'no_credential':
      return forwarding.refused(deny(reason, message, forwarding.allow.caller));
    case 'store_unavailable':
      return forwarding.refused(unable(reason, message));
    default:
      return forwarding.failed(reason, message);
  }
}
