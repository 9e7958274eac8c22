/**
 * `listener`: presented to clients. `client`: presented to upstreams. `ca`: verifies other servers. `upstream`:
 * presented by an upstream when the gateway last connected to it.
 */
export const CERTIFICATE_ROLES = ['listener', 'client', 'ca', 'upstream'] as const;

export type CertificateRole = (typeof CERTIFICATE_ROLES)[number];

/** A certificate that the gateway uses, or that an upstream has presented. */
export interface CertificateInUse {
  readonly role: CertificateRole;
  /** The configuration key of the file or of the upstream: `server.tls.certFile`, `services.orders.upstream`. */
  readonly key: string;
  readonly file: string | undefined;
  readonly subject: string;
  /** End of the validity in milliseconds since the epoch. */
  readonly expires: number;
}
