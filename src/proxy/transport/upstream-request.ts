/** A request as it is sent to the upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Including the query. */
  readonly path: string;
  /** Name, value, name, value …, with `Host`; `Content-Length` is written as `contentLength`. */
  readonly headers: readonly string[];
  readonly body?: RequestBodySource | undefined;
  /** Bytes of the body; undefined: the body is chunked. */
  readonly contentLength?: number | undefined;
  /** Milliseconds until the response head, in place of the pool's. */
  readonly headersTimeout?: number | undefined;
  /** A safe request without a body: it is sent again when a kept-alive connection turns out to be closed. */
  readonly repeatable?: boolean | undefined;
}

/** A request body. */
export interface RequestBodySource {
  /** Begins to pass chunks to the sink, until one is refused. */
  start(sink: BodySink): void;
  /** The sink accepts chunks again. */
  resume(): void;
  /** The sink accepts no more chunks. */
  stop(): void;
  /** Before the first chunk: the body waits for another sink. */
  detach(): void;
}

export interface BodySink {
  /** The kernel has every byte of the chunks, so that their memory can be freed. */
  readonly flushed: boolean;
  /** False: no more chunks until `resume`. */
  write(chunk: Buffer): boolean;
  end(): void;
  /** The body cannot be completed: the connection is closed. */
  fail(error: Error): void;
}

export interface UpstreamResponseHead {
  readonly status: number;
  /** Name, value, name, value … */
  readonly fields: readonly string[];
}

/** Controls one request in flight; without effect after its end. */
export interface RequestControl {
  abort(): void;
  pause(): void;
  resume(): void;
}

/** Receives the response to one request, or an error. */
export interface ResponseHandler {
  /** A connection is available; the request is written after this call. Called again if the request is repeated. */
  onRequestStart(control: RequestControl): void;
  /** The final response; interim responses are not passed on. */
  onResponseStart(control: RequestControl, head: UpstreamResponseHead): void;
  /**
   * `view` is part of a buffer that is reused after the call. A handler that pauses in the call, or has paused before,
   * may use it until it resumes. Over TLS, calls follow a pause for at most the rest of a read of 64 KiB.
   */
  onResponseData(control: RequestControl, view: Buffer): void;
  onResponseEnd(): void;
  /** The last call. Without `onRequestStart`, no connection was available. */
  onResponseError(control: RequestControl | undefined, error: unknown): void;
}
