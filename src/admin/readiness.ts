export interface Readiness {
  readonly ready: boolean;
  /** `detail` is the reason for not being ready, or a degraded state; it is readable without a token. */
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly detail?: string | undefined;
  }[];
}
