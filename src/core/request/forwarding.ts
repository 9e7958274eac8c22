import type { PresentedCredential } from '../credentials/credential.ts';
import type { Allow, Refusal } from '../decision.ts';
import type { Incoming } from './incoming.ts';
import type { Operation } from './operation.ts';
import type { RoutePlan } from './protocol.ts';
import type { RequestHead } from './request-head.ts';
import type { BufferedBody } from './buffered-body.ts';
import type { DenyReason, UnableCause, UpstreamFault } from '../reasons.ts';

/** An allowed request on its way out, and what its forwarder tells of it. */
export interface Forwarding {
  readonly incoming: Incoming;
  readonly head: RequestHead;
  readonly allow: Allow;
  readonly operations: readonly Operation[];
  readonly plan: RoutePlan | undefined;
  /** Undefined where none of the body has been read. */
  readonly buffered: BufferedBody | undefined;
  /** The client's own; a secret. */
  readonly presented: PresentedCredential | undefined;

  /** Filled by the forwarder, read when the request ends. */
  upstreamStatus: number | undefined;
  upstreamDuration: number | undefined;
  bytesIn: number;
  bytesOut: number;
  /** For the reader of the audit trail. */
  detail: string | undefined;

  /** Nothing has been sent to the client: whoever holds this answers it. At most once. */
  failed(reason: UpstreamFault | UnableCause | DenyReason, detail: string): void;
  /** Allowed, but what it must go out with is missing: a refusal like any other. Nothing has been sent. At most once. */
  refused(refusal: Refusal): void;
  /** The answer had begun and cannot be completed; the client's connection has been cut. At most once. */
  broken(reason: UpstreamFault | UnableCause | DenyReason, detail: string): void;
  /** Asked of what lasts: why it would not be let in any more. */
  reauthorize(): Refusal | undefined;
}

/** Takes over the response; calls `failed` or `broken` where it cannot be made whole. */
export type Forward = (forwarding: Forwarding) => void;
