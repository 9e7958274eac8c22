/** Milliseconds; `Infinity` without a limit. */
export interface ConnectionTimeouts {
  readonly headers: number;
  readonly idle: number;
  /** `idle` does not apply to responses without Content-Length. */
  readonly unboundedStreams: boolean;
}
