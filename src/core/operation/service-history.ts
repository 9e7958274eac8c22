/** The requests of one service in one interval. */
export interface ServiceSample {
  readonly requests: number;
  /** Requests that ended with a 5xx status. */
  readonly errors: number;
  readonly denials: number;
  /** Upper bound of the 95th percentile of the duration in seconds; undefined without requests. */
  readonly p95: number | undefined;
}

/** The last intervals of one service, the oldest first. */
export interface ServiceHistory {
  readonly service: string;
  readonly samples: readonly ServiceSample[];
}
