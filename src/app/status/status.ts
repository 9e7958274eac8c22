import { DAY } from '../../core/operation/certificate-expiry.ts';
import type { CertificateInUse } from '../../core/operation/certificates.ts';
import type { Store } from '../../core/store.ts';
import type { CertificateReport, StoreReport } from '../../admin/index.ts';
import type { RevocationSnapshot } from '../../state/index.ts';

/** The `store` section of `/status`: the last calls, and the list of revocations that requests are checked against. */
export function storeStatus(
  { kind, health }: Pick<Store, 'kind' | 'health'>,
  { age, maxAge, usable }: RevocationSnapshot,
): StoreReport {
  const { reachable, degraded, detail, lastSuccess, lastError } = health();
  return {
    kind,
    reachable,
    degraded,
    detail,
    lastSuccess: lastSuccess === undefined ? null : timeText(lastSuccess),
    lastError: lastError === undefined ? null : { at: timeText(lastError.at), detail: lastError.detail },
    revocations: {
      ageSeconds: age === undefined ? null : seconds(age),
      maxAgeSeconds: seconds(maxAge),
      usable,
    },
  };
}

/** The `certificates` section of `/status`, beginning with the certificate that expires first. */
export function certificateStatus(
  certificates: readonly CertificateInUse[],
  now: number,
): readonly CertificateReport[] {
  return certificates
    .toSorted((a, b) => a.expires - b.expires)
    .map(({ expires, ...certificate }) => ({
      ...certificate,
      expires: timeText(expires),
      daysLeft: Math.floor((expires - now) / DAY),
    }));
}

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
