import type { CertificateInUse } from '../core/operation/certificates.ts';
import type { IssuerStatus } from '../core/operation/issuer-status.ts';

/** The content of `/status`, which the overview of the console shows, too. Without secrets. */
export interface StatusReport {
  readonly version: string;
  /** Hash of the active configuration. */
  readonly config: string;
  readonly reload: ReloadReport;
  readonly issuers: readonly IssuerStatus[];
  readonly store: StoreReport;
  readonly signingKey: object;
  /** Beginning with the certificate that expires first. */
  readonly certificates: readonly CertificateReport[];
  readonly candidate: CandidateReport | undefined;
}

export interface ReloadReport {
  readonly ok: boolean;
  /** RFC 3339; null before the first reload. */
  readonly at: string | null;
  /** Changed keys that take effect after a restart. */
  readonly restartNeeded: readonly string[];
  /** The delegated files whose current version is not active. */
  readonly delegated: readonly {
    readonly file: string;
    readonly state: string;
    readonly problems: readonly string[];
  }[];
}

export interface CandidateReport {
  readonly ok: boolean;
  /** RFC 3339; null before the first load. */
  readonly at: string | null;
  /** Hash of the evaluated candidate; null if none was valid. */
  readonly config: string | null;
  readonly problems: readonly string[];
}

export interface StoreReport {
  readonly kind: string;
  readonly reachable: boolean;
  readonly degraded: boolean;
  readonly detail: string | undefined;
  /** RFC 3339. */
  readonly lastSuccess: string | null;
  readonly lastError: { readonly at: string; readonly detail: string } | null;
  /** The list of revocations that requests are checked against. */
  readonly revocations: {
    readonly ageSeconds: number | null;
    readonly maxAgeSeconds: number;
    readonly usable: boolean;
  };
}

export interface CertificateReport extends Omit<CertificateInUse, 'expires'> {
  /** RFC 3339. */
  readonly expires: string;
  readonly daysLeft: number;
}
