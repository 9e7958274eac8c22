import type { Operation } from '../contract/operation.ts';
import type { UpstreamFault } from '../contract/reason.ts';

/** What the gateway presents for one request. */
export interface RequestCredential {
  /** The header that carries it. */
  readonly name: string;
  /** At once where it is at hand. Rejects with a `CredentialFault`. */
  value(operations: readonly Operation[]): string | Promise<string>;
  /** The upstream did not take it: true where another may be had. */
  rejected?(operations: readonly Operation[]): boolean;
  close(): void;
}

/** The gateway could not get what it has to present: the upstream's fault, or the configuration's, never the client's. */
export class CredentialFault extends Error {
  readonly reason: UpstreamFault;

  constructor(reason: UpstreamFault, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
