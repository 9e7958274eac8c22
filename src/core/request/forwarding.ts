import type { PresentedCredential, VerifiedCredential } from '../credentials/credential.ts';
import type { IssueTicket } from '../credentials/ticket.ts';
import type { Allow, Refusal } from '../decision.ts';
import type { Incoming } from './incoming.ts';
import type { Operation } from './operation.ts';
import type { RoutePlan } from './protocol.ts';
import type { RequestHead } from './request-head.ts';
import type { BufferedBody } from './buffered-body.ts';
import type { DenyReason, UnableCause, UpstreamFault } from '../reasons.ts';

/**
 * An allowed request that the forwarder sends to the upstream, with the values that the forwarder reports.
 */
export interface Forwarding {
  readonly incoming: Incoming;
  readonly head: RequestHead;
  readonly allow: Allow;
  readonly operations: readonly Operation[];
  readonly plan: RoutePlan | undefined;
  /** Undefined if no part of the body has been read. */
  readonly buffered: BufferedBody | undefined;
  /** The client's credential; a secret. */
  readonly presented: PresentedCredential | undefined;
  readonly verified: VerifiedCredential | undefined;

  // The forwarder sets the following members; the gateway reads them when the request ends.

  upstreamStatus: number | undefined;
  /** Milliseconds. */
  upstreamDuration: number | undefined;
  bytesIn: number;
  bytesOut: number;
  /** For the audit event. */
  detail: string | undefined;

  // At most one of `failed`, `refused` and `broken` is called, and at most once.

  /** Forwarding failed before any part of the response was sent: the gateway sends the error response. */
  failed(reason: UpstreamFault | UnableCause | DenyReason, detail: string): void;
  /** A prerequisite is missing, for example the upstream credential. No response was sent. */
  refused(refusal: Refusal): void;
  /** The response had started and cannot be completed. The forwarder has closed the client's connection. */
  broken(reason: UpstreamFault | UnableCause | DenyReason, detail: string): void;
  /** For a plan with tickets. Rejects with `store_unavailable` if no signing key is available. */
  prepareTickets(): Promise<IssueTicket>;
  /** Reauthorizes a long-lived connection or a request that has waited. Returns the refusal if it is no longer allowed. */
  reauthorize(): Refusal | undefined;
}

/** Forwards a request and owns its response. Reports every failure through the methods of `Forwarding`. */
export type Forward = (forwarding: Forwarding) => void;

/**
 * Passes the headers that the gateway sets for the upstream to `use`: alternating names and values. Reports a missing
 * prerequisite through the methods of `Forwarding` instead.
 */
export type UpstreamHeaders = (forwarding: Forwarding, use: (headers: string[]) => void) => void;
