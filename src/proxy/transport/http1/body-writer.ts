import type { Socket } from 'node:net';
import { UpstreamError } from '../upstream-error.ts';
import { formatRequestHead } from './request-head.ts';
import type { BodySink, RequestBodySource, UpstreamRequest } from '../upstream-request.ts';

export interface BodyWriterEvents {
  /** The upstream does not read: chunks wait in the socket. */
  readonly blocked: () => void;
  readonly unblocked: () => void;
  readonly ended: () => void;
  readonly failed: (error: Error) => void;
}

/** Writes a request body to the socket of the upstream, framed as its head says, with backpressure to its source. */
export class BodyWriter implements BodySink {
  readonly #socket: Socket;
  readonly #body: RequestBodySource;
  readonly #request: UpstreamRequest;
  /** Until the first chunk: a request whose body is invalid from the start is not sent at all. */
  #head: string | undefined;
  readonly #events: BodyWriterEvents;
  /** Bytes that the head has announced; undefined: the body is chunked. */
  #remaining: number | undefined;
  #open = true;

  constructor(
    socket: Socket,
    head: string,
    body: RequestBodySource,
    request: UpstreamRequest,
    events: BodyWriterEvents,
  ) {
    this.#socket = socket;
    this.#head = head;
    this.#body = body;
    this.#request = request;
    this.#remaining = request.contentLength;
    this.#events = events;
  }

  /** Whether a byte of the request was written. */
  get started(): boolean {
    return this.#head === undefined;
  }

  /** False after the last chunk, and after `stop`. */
  get open(): boolean {
    return this.#open;
  }

  get flushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  start(): void {
    this.#socket.on('drain', this.#drained);
    this.#body.start(this);
  }

  stop(): void {
    if (this.#close()) this.#body.stop();
  }

  /** Keeps the body for another connection; only before the first chunk. */
  detach(): void {
    if (this.#close()) this.#body.detach();
  }

  write(chunk: Buffer): boolean {
    const socket = this.#socket;
    if (!this.#open) return false;
    // An empty chunk would end a chunked body.
    if (chunk.length === 0) return true;
    if (this.#remaining !== undefined && chunk.length > this.#remaining) {
      this.fail(wrongLength());
      return false;
    }
    socket.cork();
    this.#writeHead();
    if (this.#remaining === undefined) {
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      socket.write(chunk);
      socket.write('\r\n', 'latin1');
    } else {
      this.#remaining -= chunk.length;
      socket.write(chunk);
    }
    socket.uncork();
    if (socket.writableLength < socket.writableHighWaterMark) return true;
    this.#events.blocked();
    return false;
  }

  end(): void {
    if (!this.#open) return;
    if (this.#remaining !== undefined && this.#remaining > 0) return this.fail(wrongLength());
    // A chunked body that turns out to be empty is sent as none, which every upstream understands.
    const empty = this.#remaining === undefined && !this.started;
    if (empty) this.#head = formatRequestHead({ ...this.#request, body: undefined });
    this.#writeHead();
    if (this.#remaining === undefined && !empty) this.#socket.write('0\r\n\r\n', 'latin1');
    this.#close();
    this.#events.ended();
  }

  fail(error: Error): void {
    if (!this.#open) return;
    this.stop();
    this.#events.failed(error);
  }

  #writeHead(): void {
    if (this.#head !== undefined) this.#socket.write(this.#head, 'latin1');
    this.#head = undefined;
  }

  #close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#socket.off('drain', this.#drained);
    return true;
  }

  readonly #drained = (): void => {
    this.#events.unblocked();
    this.#body.resume();
  };
}

function wrongLength(): UpstreamError {
  return new UpstreamError('invalid_request', 'a request body of another length than its Content-Length');
}
