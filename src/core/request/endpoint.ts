import type { PresentedCredential, VerifiedCredential } from '../credentials/credential.ts';
import type { Decision } from '../decision.ts';
import type { Incoming } from './incoming.ts';
import type { Operation } from './operation.ts';
import type { RequestHead } from './request-head.ts';
import type { AuditEvent } from '../audit-event.ts';

/** A request to one of the gateway's own endpoints, and what its audit event will say of it. */
export interface EndpointCall {
  readonly incoming: Incoming;
  readonly head: RequestHead;
  operations: readonly Operation[];
  presented: PresentedCredential | undefined;
  verified: VerifiedCredential | undefined;
  decision: Decision | undefined;
  reason: AuditEvent['reason'];
  detail: string | undefined;
  /** Of the answer's body. */
  bytesOut: number;
}

/** Answers, whatever happens; a rejection is answered 503. */
export type Handle = (call: EndpointCall) => Promise<void>;
