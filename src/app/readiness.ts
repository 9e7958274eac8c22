import type { Readiness } from '../admin/index.ts';
import type { KeyringStatus } from '../core/credentials/keyring.ts';
import type { IssuerStatus } from '../core/operation/issuer-status.ts';
import type { StoreHealth } from '../core/store.ts';
import type { RevocationSnapshot } from '../state/index.ts';

/** Reports whether this replica should receive traffic. */
export interface ReadinessWatch {
  ready(): Readiness;
  drain(): void;
}

export interface ReadinessSources {
  issuers(): readonly IssuerStatus[];
  revocations(): RevocationSnapshot;
  store(): StoreHealth;
  signingKey(): KeyringStatus;
  /** False while `audit.required` refuses requests because their events cannot be buffered. */
  auditAvailable(): boolean;
  /** False until the listeners for clients and for subrequests are open. */
  listening(): boolean;
}

interface Check {
  readonly name: string;
  /** False if requests that depend on the component are refused. */
  readonly ok: boolean;
  readonly detail?: string | undefined;
  /** Whether the failure makes the replica unready. */
  readonly required: boolean;
}

/**
 * A replica is unready if it refuses every connection or every credential. A component that only some requests depend
 * on is reported, but does not make the replica unready: all replicas would be unready at once, also for the other
 * requests.
 */
export function createReadiness(sources: ReadinessSources): ReadinessWatch {
  let draining = false;
  let wasReady = false;

  function checks(): readonly Check[] {
    return [
      ...sources.issuers().map((issuer) => issuerCheck(issuer, !wasReady)),
      revocationCheck(sources.revocations()),
      ...storeChecks(sources.store()),
      ...signingKeyChecks(sources.signingKey()),
      ...(sources.auditAvailable() ? [] : [AUDIT_STALLED]),
      ...(sources.listening() ? [] : [NOT_LISTENING]),
    ];
  }

  return {
    ready() {
      const found = checks();
      wasReady ||= isReady(found);
      const all = draining ? [...found, DRAINING] : found;
      return { ready: isReady(all), checks: all.map(({ name, ok, detail }) => ({ name, ok, detail })) };
    },
    drain() {
      draining = true;
    },
  };
}

function isReady(checks: readonly Check[]): boolean {
  return checks.every(({ ok, required }) => ok || !required);
}

/** The keys of all issuers are required until the replica is ready for the first time. */
function issuerCheck({ name, ready, lastError }: IssuerStatus, required: boolean): Check {
  const check = { name: `issuer ${name}`, ok: ready, required };
  if (ready) return { ...check, detail: lastError };
  return { ...check, detail: `${lastError ?? 'no keys yet'}: its tokens are refused with 503` };
}

function revocationCheck({ age, maxAge, usable }: RevocationSnapshot): Check {
  const check = { name: 'revocations', ok: usable, required: true };
  if (usable) return check;
  const effect = 'every credential is refused with 503';
  if (age === undefined) return { ...check, detail: `no successful read from the store yet: ${effect}` };
  const detail = `read ${Math.round(age / 1000)} s ago, at most ${maxAge / 1000} s are accepted: ${effect}`;
  return { ...check, detail };
}

/** An earlier loss of data has a detail, too, but affects no request. */
function storeChecks({ degraded, detail }: StoreHealth): readonly Check[] {
  if (!degraded && detail === undefined) return [];
  const effect = degraded ? ': changes are refused with 503' : '';
  return [{ name: 'store', ok: !degraded, detail: `${detail ?? 'degraded'}${effect}`, required: false }];
}

function signingKeyChecks({ ready, detail }: KeyringStatus): readonly Check[] {
  if (ready) return [];
  const effect = 'no token is issued, and issued tokens are refused with 503';
  return [
    { name: 'signing key', ok: false, detail: `${detail ?? 'not loaded yet'}: ${effect}`, required: false },
  ];
}

const AUDIT_STALLED: Check = {
  name: 'audit',
  ok: false,
  detail: 'the buffer of the audit trail is full: requests are refused with 503 (audit.required)',
  required: true,
};

const NOT_LISTENING: Check = {
  name: 'listeners',
  ok: false,
  detail: 'not all of them are open yet: new connections are refused',
  required: true,
};

const DRAINING: Check = { name: 'process', ok: false, detail: 'shutting down', required: true };
