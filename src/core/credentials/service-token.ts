import type { Refusal } from '../decision.ts';
import type { VerifiedCredential } from './credential.ts';

/** A login at a service. */
export interface ServiceLogin {
  readonly service: string;
  readonly credential: VerifiedCredential;
  /** The credential as it was sent; a secret. */
  readonly presented: string;
  /** Undefined if no identity matches, in shadow mode. */
  readonly identity: string | undefined;
  readonly scopes: readonly string[];
}

/** A token of the gateway for one service. */
export interface ServiceToken {
  readonly kind: 'issued';
  readonly token: string;
  /** For the audit event. */
  readonly detail: string;
}

export type IssueServiceToken = (login: ServiceLogin) => Promise<ServiceToken | Refusal>;
