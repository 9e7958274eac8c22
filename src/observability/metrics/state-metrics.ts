import { Counter, Gauge, type Registry } from 'prom-client';
import type { CertificateInUse } from '../../core/operation/certificates.ts';
import type { StoreHealth } from '../../core/store.ts';

export interface CredentialState {
  /** Milliseconds; undefined before the first read. */
  readonly revocationsAge: () => number | undefined;
  readonly signingKeyReady: () => boolean;
}

export interface AuditState {
  /** Events. */
  readonly lost: () => number;
  /** Bytes. */
  readonly buffered: () => number;
}

export function exposeStore(registry: Registry, health: () => StoreHealth): void {
  new Counter({
    name: 'gatehouse_store_errors_total',
    help: 'Failed calls to the store.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(health().errors);
    },
  });
  new Counter({
    name: 'gatehouse_store_data_losses_total',
    help: 'Times that the store had lost data; the replica wrote back the revocations that it knows.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(health().dataLosses);
    },
  });
  new Gauge({
    name: 'gatehouse_store_degraded',
    help: '1 while the store is unreachable or refuses changes: limits apply per replica, revocations as last read.',
    registers: [registry],
    collect() {
      this.set(health().degraded ? 1 : 0);
    },
  });
}

/** The revocations and the key, without which credentials are refused with 503. */
export function exposeCredentialState(
  registry: Registry,
  { revocationsAge, signingKeyReady }: CredentialState,
): void {
  new Gauge({
    name: 'gatehouse_revocations_age_seconds',
    help: 'Time since the list of revocations was last read; every credential is refused with 503 after 60 s.',
    registers: [registry],
    collect() {
      const age = revocationsAge();
      if (age !== undefined) this.set(age / 1000);
    },
  });
  new Gauge({
    name: 'gatehouse_signing_key_ready',
    help: '1 if the signing key is available, 0 if no token can be issued.',
    registers: [registry],
    collect() {
      this.set(signingKeyReady() ? 1 : 0);
    },
  });
}

export function exposeCertificates(
  registry: Registry,
  certificates: () => readonly CertificateInUse[],
): void {
  new Gauge({
    name: 'gatehouse_certificate_expiry_timestamp_seconds',
    help: 'End of the validity of a certificate in use, by role and configuration key.',
    labelNames: ['role', 'key'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { role, key, expires } of certificates()) this.set({ role, key }, expires / 1000);
    },
  });
}

export function exposeAudit(registry: Registry, { lost, buffered }: AuditState): void {
  new Gauge({
    name: 'gatehouse_audit_buffered_bytes',
    help: 'Bytes of the audit trail that are not written yet, at most 4 MiB; from 3 MiB on, audit.required refuses requests.',
    registers: [registry],
    collect() {
      this.set(buffered());
    },
  });
  new Counter({
    name: 'gatehouse_audit_lost_total',
    help: 'Audit events that were lost.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(lost());
    },
  });
}
