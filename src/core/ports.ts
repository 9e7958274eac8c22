/** Wall clock, milliseconds since the epoch. Tests freeze it. */
export interface Clock {
  now(): number;
}

export interface EgressRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM file with the certificate authorities to trust instead of the system's. Re-read on change. */
  readonly caFile?: string | undefined;
  /** Name in its certificate, where that is not the URL's. */
  readonly serverName?: string | undefined;
  /** PEM files that show who we are. Re-read on change. */
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Milliseconds for the whole call. */
  readonly deadline?: number;
  /** Bytes; a longer body is an error. */
  readonly maxBytes?: number;
  /** Requests of different pools have connections of their own: those of one never wait for those of another. */
  readonly pool?: string;
}

export interface EgressResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * The way out for whoever must call another server: deadline, byte cap, no redirects, no proxy.
 * Rejects with `GatehouseError` `outbound_failed`, or `outbound_unreachable` where nothing was sent; any status that arrives is a
 * result, 3xx included.
 */
export interface EgressClient {
  get(request: EgressRequest): Promise<EgressResponse>;
}

/** The same for whoever must send a form (`application/x-www-form-urlencoded`); its values may be secrets. */
export interface EgressFormClient extends EgressClient {
  post(request: EgressRequest & { readonly form: ReadonlyMap<string, string> }): Promise<EgressResponse>;
}

/** The application log: one JSON line per call. Fields must hold no secret. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
