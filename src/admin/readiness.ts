export interface Readiness {
  readonly ready: boolean;
  /** `detail`: the reason and its effect on requests, or a degraded state; it is readable without a token. */
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly detail?: string | undefined;
  }[];
}
