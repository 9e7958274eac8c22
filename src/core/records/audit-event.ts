import type { CandidateDifference } from '../candidate.ts';
import type { Caller, Decision } from '../decision.ts';
import type { PresentedCredential, VerifiedCredential } from '../credentials/credential.ts';
import type { Operation } from '../request/operation.ts';
import type { Reason } from '../reasons.ts';

/** Values of the audit event's `reason` for requests that were not refused. */
export const OTHER_AUDIT_REASONS = ['granted', 'anonymous', 'shadow', 'client_left'] as const;

/**
 * The record of one request, written once when the request ends, on every exit path: forwarded, refused and
 * aborted. It contains no secret: a credential appears only as its hash, `jti` and claims.
 */
export interface AuditEvent {
  readonly requestId: string;
  /** Time at which the request head was complete. Milliseconds since the epoch. */
  readonly startedAt: number;
  /**
   * Milliseconds, with fractions, until the response was written to the socket or the client disconnected.
   */
  readonly duration: number;
  /** Peer address, or the client address from a trusted proxy's header. */
  readonly clientAddress: string;
  readonly userAgent: string | undefined;
  /** W3C trace context as received. */
  readonly traceparent: string | undefined;

  readonly method: string;
  readonly host: string;
  /** Without the query. For a refused request target: an escaped, truncated copy. */
  readonly path: string;

  /** Undefined if no service matched, or the request failed before routing. */
  readonly service: string | undefined;
  readonly serviceType: string | undefined;
  readonly operations: readonly Operation[];

  /** The presented credential. Only its class and credential source are written. */
  readonly presented: PresentedCredential | undefined;
  readonly verified: VerifiedCredential | undefined;
  readonly caller: Caller | undefined;
  readonly decision: Decision | undefined;
  /**
   * `granted`, `anonymous` or `shadow` for an allowed request, else the reason of the refusal. `client_left`:
   * the client disconnected before the decision. A reason of `UpstreamFault` can accompany a decision
   * `allow`.
   */
  readonly reason: Reason | (typeof OTHER_AUDIT_REASONS)[number];
  /** Details for operators; never sent to the client. */
  readonly detail: string | undefined;

  /** The outcome of the candidate policy, if there is one and it differs. */
  readonly candidate?: CandidateDifference | undefined;

  /** HTTP status sent to the client. 0 if the client disconnected first. */
  readonly status: number;
  readonly upstreamStatus: number | undefined;
  /** Milliseconds from sending the upstream request to the end of the upstream response. */
  readonly upstreamDuration: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The client disconnected, or either connection failed, before the response was complete. */
  readonly aborted: boolean;
}

/** Destination of audit events. Its methods never throw and never block. */
export interface AuditSink {
  write(event: AuditEvent): void;
  /** False while events cannot be written and auditing is required (`audit_unavailable`). */
  available(): boolean;
  /** Resolves when every written event has reached the file. */
  flush(): Promise<void>;
}
