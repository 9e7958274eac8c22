import type { AuditEvent } from '../records/audit-event.ts';
import type { CandidateOutcome } from '../candidate.ts';
import type { ExhaustedLimit } from '../identity-limits.ts';
import type { CredentialClass } from '../credentials/credential.ts';

/**
 * Metrics of the request pipeline. Label values come from closed lists: the configured services and issuers.
 */
export interface RequestMeter {
  requestStarted(service: string | undefined): void;
  /** Exactly one of `requestEnded` and `requestRepeated` is called for each started request. */
  requestEnded(event: AuditEvent): void;
  /** A proxy has repeated the request, which is counted once. */
  requestRepeated(): void;
}

/** All connections, those of one client address, or those with pipelined requests. */
export type ConnectionLimit = 'all' | 'address' | 'pipelined';

/** Metrics of the listeners. */
export interface ConnectionMeter {
  opened(): void;
  closed(): void;
  /** A connection was closed by this limit. */
  refused(limit: ConnectionLimit): void;
}

/** Metrics of credential verification. `issuer` is the issuer's name in the configuration. */
export interface VerificationMeter {
  cacheHit(credential: CredentialClass): void;
  cacheMiss(credential: CredentialClass): void;
  /** Duration of a verification after a cache miss, in seconds. */
  verified(
    credential: CredentialClass,
    issuer: string | undefined,
    outcome: 'verified' | 'denied' | 'unable',
    seconds: number,
  ): void;
  keySetFetched(issuer: string, outcome: 'success' | 'failure'): void;
  /** The issuer was asked whether a job or pod runs (`liveness`). */
  jobChecked(issuer: string, outcome: 'running' | 'ended' | 'unable'): void;
}

/** Metrics of policy evaluation. */
export interface PolicyMeter {
  /** The nearest identity of a credential was not determined, because of the rate limit. */
  nearestSkipped(): void;
}

/** Metrics of the limits of identities. */
export interface LimitMeter {
  /** A request was refused. `service` is the name in the configuration. */
  refused(service: string, limit: ExhaustedLimit): void;
}

/** Metrics of the candidate policy. */
export interface CandidateMeter {
  /** The outcome of a request differs. `service` is the name in the configuration. */
  differs(
    from: Exclude<CandidateOutcome, 'not_evaluated'>,
    to: CandidateOutcome,
    service: string | undefined,
  ): void;
  /** A request was not evaluated: too many were waiting, or the evaluation failed. */
  skipped(): void;
  /** The candidate was loaded, or is invalid. */
  loaded(ok: boolean): void;
}

/** Metrics of the requests that wait for a place at an upstream. */
export interface QueueMeter {
  /** A request has left the queue. `service` is the name in the configuration. */
  waited(service: string, seconds: number): void;
}
