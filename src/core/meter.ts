import type { AuditEvent } from './audit-event.ts';
import type { CredentialClass } from './credentials/credential.ts';

/** What the request's way counts. Labels come from closed lists: services and issuers of the configuration. */
export interface RequestMeter {
  requestStarted(service: string | undefined): void;
  /** Exactly once for each start. */
  requestEnded(event: AuditEvent): void;
}

/** What the listener counts. */
export interface ConnectionMeter {
  opened(): void;
  closed(): void;
  /** By which limit; it had been opened. */
  refused(limit: 'all' | 'address'): void;
}

/** What verification counts. `issuer` is the configuration's key. */
export interface VerificationMeter {
  cacheHit(credential: CredentialClass): void;
  cacheMiss(credential: CredentialClass): void;
  /** `seconds` of a verification that the cache did not answer. */
  verified(
    credential: CredentialClass,
    issuer: string | undefined,
    outcome: 'verified' | 'denied' | 'unable',
    seconds: number,
  ): void;
  keySetFetched(issuer: string, outcome: 'success' | 'failure'): void;
}
