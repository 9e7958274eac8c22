/** State of an issuer's key set, for the readiness endpoint and the admin API. */
export interface IssuerStatus {
  readonly name: string;
  readonly url: string;
  readonly ready: boolean;
  readonly keys: number;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number | undefined;
  readonly lastError: string | undefined;
}
