import type { PresentedCredential, VerifiedCredential } from '../credentials/credential.ts';
import type { Decision } from '../decision.ts';
import type { Incoming } from './incoming.ts';
import type { Operation } from './operation.ts';
import type { RequestHead } from './request-head.ts';
import type { AuditEvent } from '../records/audit-event.ts';

/** A request to a built-in endpoint, with the mutable members of its audit event. */
export interface EndpointCall {
  readonly incoming: Incoming;
  readonly head: RequestHead;
  operations: readonly Operation[];
  presented: PresentedCredential | undefined;
  verified: VerifiedCredential | undefined;
  decision: Decision | undefined;
  reason: AuditEvent['reason'];
  detail: string | undefined;
  /** The sentence that names the endpoint which describes a credential. */
  readonly credentialHint: string;
  /** Bytes of the response body. */
  bytesOut: number;
}

/** Handles a request and sends the response. If it rejects, the gateway responds with 503. */
export type Handle = (call: EndpointCall) => Promise<void>;
