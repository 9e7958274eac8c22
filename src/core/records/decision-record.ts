import type { AuditEvent } from './audit-event.ts';
import type { PresentedCredential } from '../credentials/credential.ts';
import type { DenyReason } from '../reasons.ts';

/**
 * The outcome of a request. `failed`: it was allowed, and the upstream or the gateway could not complete it. `unable`:
 * undecided. `left`: the client disconnected first.
 */
export type DecisionVerdict = 'allowed' | 'failed' | 'denied' | 'unable' | 'left';

/** A request as the console shows it: its audit event without the presented token. */
export interface DecisionRecord extends Omit<AuditEvent, 'presented' | 'traceparent' | 'decision'> {
  readonly presented: Pick<PresentedCredential, 'class' | 'credentialSource'> | undefined;
  readonly verdict: DecisionVerdict;
  /** The denial that shadow mode did not enforce. */
  readonly shadowed: DenyReason | undefined;
  /** The operations of the request; `operations` contains the first ones. */
  readonly operationsTotal: number;
  /** Hash of the configuration that was active when the request ended. */
  readonly config: string;
}

/** Selects records; an undefined member selects all. */
export interface DecisionFilter {
  readonly service?: string | undefined;
  readonly identity?: string | undefined;
  readonly reason?: string | undefined;
  readonly verdict?: string | undefined;
  /** A part of the resource or of the path. */
  readonly resource?: string | undefined;
}

/** Requests with equal differences between the active policy and the candidate policy. */
export interface CandidateGroup {
  readonly service: string | undefined;
  readonly identity: string | undefined;
  readonly scope: string | undefined;
  readonly from: DecisionVerdict | 'shadow';
  readonly fromReason: string;
  readonly to: string;
  readonly toReason: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
  /** The latest requests, newest first. */
  readonly examples: readonly DecisionRecord[];
}

/** The recorded decisions of this process, for the console. */
export interface DecisionLog {
  /** The newest records that the filter selects, newest first. */
  list(filter: DecisionFilter, limit: number): readonly DecisionRecord[];
  find(requestId: string): DecisionRecord | undefined;
  /** Calls `listener` for each new record until the returned function is called. */
  subscribe(listener: (record: DecisionRecord) => void): () => void;
  size(): DecisionLogSize;
  candidateGroups(): { readonly groups: readonly CandidateGroup[]; readonly unlisted: number };
}

export interface DecisionLogSize {
  readonly records: number;
  readonly bytes: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Requests since the start. `sampledOut`: without a record, because of the high load. */
  readonly requests: number;
  readonly sampledOut: number;
}

export function selects(filter: DecisionFilter, record: DecisionRecord): boolean {
  const { service, identity, reason, verdict, resource } = filter;
  return (
    (service === undefined || record.service === service) &&
    (identity === undefined || record.caller?.identity === identity) &&
    (reason === undefined || record.reason === reason || record.shadowed === reason) &&
    (verdict === undefined || record.verdict === verdict) &&
    (resource === undefined ||
      record.path.includes(resource) ||
      record.operations.some((operation) => operation.resource.includes(resource)))
  );
}
