/** Wall clock. Tests replace it by a frozen one. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** An outbound request of the gateway itself, for example for keys or introspection. */
export interface EgressRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM file with the trusted certificate authorities, which replace the system's. Re-read on change. */
  readonly caFile?: string | undefined;
  /** Name expected in the server certificate, if it differs from the host of the URL. */
  readonly serverName?: string | undefined;
  /** PEM files of the client certificate. Re-read on change. */
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Milliseconds, from the start of the connection to the end of the body. It also limits the wait for a connection. */
  readonly deadline?: number;
  /** Bytes. A longer response body is an error. */
  readonly maxBytes?: number;
  readonly pool: EgressPool;
}

/**
 * The purpose of a request. Each purpose has its own connections, because clients without a valid credential can cause
 * some requests: requests of one pool never wait for connections of another.
 */
export type EgressPool =
  | 'key sets'
  | 'online check'
  | 'liveness'
  | `oauth2 token, ${string}`
  | `token exchange, ${string}`
  | `registry tokens, ${string}`
  | `GitHub App, ${string}`
  | `AWS, ${string}`
  | `vault, ${string}`
  | `conan token, ${string}`
  | `${'job tokens' | 'deploy tokens'}, ${'first' | 'renewal'}`;

export interface EgressResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** No usable response. `unreachable`: no request was sent. `failed`: the other server may have received the request. */
export interface EgressFailure {
  readonly kind: 'unreachable' | 'failed';
  /** Contains no secrets. */
  readonly detail: string;
}

export type EgressResult = EgressResponse | EgressFailure;

/**
 * HTTP client for the gateway's own outbound calls: with a deadline and a size limit, without redirects or
 * proxies. Every HTTP status is a response, including 3xx. Never rejects.
 */
export interface EgressClient {
  get(request: EgressRequest): Promise<EgressResult>;
}

/** A form (`application/x-www-form-urlencoded`), a JSON value, or text whose Content-Type is in `headers`. */
export type EgressBody =
  { readonly form: ReadonlyMap<string, string> } | { readonly json: unknown } | { readonly text: string };

/** An egress client that can send bodies, which may contain secrets. */
export interface EgressBodyClient extends EgressClient {
  post(request: EgressRequest & EgressBody): Promise<EgressResult>;
}

/** The application log: one JSON line per call. Fields must not contain secrets. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
