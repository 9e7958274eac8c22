import type { RequestControl, ResponseHandler, UpstreamRequest } from '../upstream-request.ts';

/** The connection of one exchange. */
export interface ExchangeConnection {
  pauseReading(): void;
  resumeReading(): void;
  /** Closes the connection without a call of the handler. */
  abandon(): void;
}

/** One request in flight on one connection. After its end, its control has no effect on the connection's next one. */
export class Exchange implements RequestControl {
  readonly request: UpstreamRequest;
  readonly handler: ResponseHandler;
  readonly #connection: ExchangeConnection;
  /** The handler is not called any more. */
  ended = false;
  paused = false;

  constructor(connection: ExchangeConnection, request: UpstreamRequest, handler: ResponseHandler) {
    this.#connection = connection;
    this.request = request;
    this.handler = handler;
  }

  abort(): void {
    if (this.ended) return;
    this.ended = true;
    this.#connection.abandon();
  }

  pause(): void {
    if (this.ended || this.paused) return;
    this.paused = true;
    this.#connection.pauseReading();
  }

  resume(): void {
    if (this.ended || !this.paused) return;
    this.paused = false;
    this.#connection.resumeReading();
  }
}
