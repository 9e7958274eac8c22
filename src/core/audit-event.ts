import type { Caller, Decision } from './decision.ts';
import type { PresentedCredential, VerifiedCredential } from './credentials/credential.ts';
import type { Operation } from './request/operation.ts';
import type { Reason } from './reasons.ts';

/** What the audit trail says where there was nothing to refuse. */
export const OTHER_AUDIT_REASONS = ['granted', 'anonymous', 'shadow', 'client_left'] as const;

/**
 * Everything that is known of a request when it ends. One is written on every exit, refused and broken
 * requests included. It never holds a secret: credentials appear as hash, jti and claims.
 */
export interface AuditEvent {
  readonly requestId: string;
  /** When the request's head was complete; milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds, fractions included; until the response was handed to the kernel or the client left. */
  readonly duration: number;
  /** Peer address, or what a trusted proxy says of it. */
  readonly clientAddress: string;
  readonly userAgent: string | undefined;
  /** W3C trace context as received. */
  readonly traceparent: string | undefined;

  readonly method: string;
  readonly host: string;
  /** Without query; for a target that was refused, an escaped and shortened copy. */
  readonly path: string;

  /** Undefined where no service was found, or the request broke before. */
  readonly service: string | undefined;
  readonly serviceType: string | undefined;
  readonly operations: readonly Operation[];

  /** What was presented: class and credential source only are written. */
  readonly presented: PresentedCredential | undefined;
  readonly verified: VerifiedCredential | undefined;
  readonly caller: Caller | undefined;
  readonly decision: Decision | undefined;
  /**
   * `granted`, `anonymous`, `shadow`, or why not; `client_left` where nothing had been decided yet. A fault of
   * the upstream stands beside an `allow`.
   */
  readonly reason: Reason | (typeof OTHER_AUDIT_REASONS)[number];
  /** For the reader of the audit trail only. */
  readonly detail: string | undefined;

  /** 0 where the client left before there was one. */
  readonly status: number;
  readonly upstreamStatus: number | undefined;
  /** Milliseconds from the dispatch to the end of the upstream's answer. */
  readonly upstreamDuration: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The client left, or one side broke, before the answer was complete. */
  readonly aborted: boolean;
}

/** Where audit events go. Never throws, never blocks. */
export interface AuditSink {
  write(event: AuditEvent): void;
  /** False while the sink cannot take more and the policy says that it must: answer 503 `audit_unavailable`. */
  available(): boolean;
  /** Resolves when all that was written has reached the file. */
  flush(): Promise<void>;
}
