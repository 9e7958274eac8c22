import type { Socket } from 'node:net';
import type { Reader } from '../reader.ts';
import { truncation } from '../tls-end.ts';
import { isConnectionLoss, UpstreamError } from '../upstream-error.ts';
import type { ResponseHandler, UpstreamRequest } from '../upstream-request.ts';
import type { BodyWriterEvents } from './body-writer.ts';
import { Exchange, type ExchangeConnection } from './exchange.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import type { ConnectionTimeouts } from './connection-timeouts.ts';
import { formatRequestHead } from './request-head.ts';
import { RequestWriter } from './request-writer.ts';
import { ResponseParser, type ParsedHead, type ResponseSink } from './response-parser.ts';

/**
 * One HTTP/1.1 connection: one request at a time, without pipelining. It is closed when a byte arrives that does not
 * belong to the response in progress, so that no byte can become part of another response.
 */
export class Connection implements ExchangeConnection, ResponseSink, Reader {
  readonly #owner: ConnectionOwner<Connection>;
  readonly #timeouts: ConnectionTimeouts;
  readonly #parser = new ResponseParser(this);
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;
  #writer: RequestWriter | undefined;
  #phase: 'idle' | 'head' | 'body' | 'complete' | 'closed' = 'idle';
  /** The connection served a request before the present one. */
  #reused = false;
  #received = false;
  /** Whether the connection may serve another request after a complete response. */
  #reusable = false;
  /** Milliseconds without a byte of the response body. */
  #idle = Infinity;
  /** Milliseconds of `performance.now()` at which the owner calls `expire`. */
  deadline = Infinity;
  idleSince = 0;

  constructor(owner: ConnectionOwner<Connection>, timeouts: ConnectionTimeouts) {
    this.#owner = owner;
    this.#timeouts = timeouts;
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  /** The connection is established. */
  attach(socket: Socket): void {
    this.#socket = socket;
    this.#writer = new RequestWriter(socket, this.#owner.batch, this.#uploadEvents);
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#fail(new UpstreamError('connection_closed')));
  }

  send(request: UpstreamRequest, handler: ResponseHandler): void {
    const exchange = new Exchange(this, request, handler);
    this.#exchange = exchange;
    this.#phase = 'head';
    this.#received = false;
    handler.onRequestStart(exchange);
    const writer = this.#writer;
    if (exchange.ended || writer === undefined) return;
    const head = formatRequestHead(request);
    if (head === undefined)
      return this.#fail(new UpstreamError('invalid_request', 'a request that HTTP does not allow'));
    this.#parser.start(request.method === 'HEAD');
    this.#awaitHead();
    if (request.body !== undefined) this.deadline = Infinity;
    writer.start(head, request);
  }

  get buffers(): Reader['buffers'] {
    if (this.#phase === 'idle') return 'none';
    return this.#phase === 'closed' || this.#exchange?.paused === true ? 'in-use' : 'reusable';
  }

  read(bytes: Buffer): void {
    // TLS passes on bytes after a pause. The end of the response still waits for the client.
    if (this.#phase === 'complete') this.#reusable = false;
    else if (this.#phase === 'head' || this.#phase === 'body') this.#receive(bytes);
    else this.#destroy();
  }

  #receive(bytes: Buffer): void {
    if (!this.#received) {
      // A response to a request that was not sent yet belongs to no request.
      if (this.#writer?.written === false)
        return this.#fail(new UpstreamError('connection_closed', 'a response before its request'));
      this.#received = true;
    }
    const progress = this.#parser.push(bytes);
    switch (progress.kind) {
      case 'reading':
        if (this.#isReadingBody()) this.#awaitBody();
        return;
      case 'complete':
        return this.#complete(this.#parser.reusable);
      case 'switched':
        return this.#fail(new UpstreamError('protocol_switched'));
      case 'invalid':
        return this.#fail(new UpstreamError('invalid_response', progress.detail));
      default:
        progress satisfies never;
    }
  }

  onInterim(): void {
    // While the client still sends the body, the response head has no time limit.
    if (this.deadline !== Infinity) this.#awaitHead();
  }

  onHead({ status, fields, framing }: ParsedHead): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    // The upstream closes the idle connection, which is no response to this request (RFC 9110 §15.5.9).
    if (status === 408 && this.#reused && exchange.request.repeatable === true) {
      this.#received = false;
      return this.#fail(new UpstreamError('connection_closed'));
    }
    this.#phase = 'body';
    this.#idle =
      this.#timeouts.unboundedStreams && framing.kind !== 'length' ? Infinity : this.#timeouts.idle;
    exchange.handler.onResponseStart(exchange, { status, fields });
  }

  onBody(view: Buffer): void {
    const exchange = this.#exchange;
    if (exchange?.ended === false) exchange.handler.onResponseData(exchange, view);
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.#phase === 'head') this.#fail(new UpstreamError('headers_timeout'));
    else if (this.#phase === 'body') this.#fail(new UpstreamError('idle_timeout'));
    else this.#destroy();
  }

  pauseReading(): void {
    this.deadline = Infinity;
    this.#socket?.pause();
  }

  resumeReading(): void {
    // The next response, or the end of the idle connection, is read too.
    this.#socket?.resume();
    if (this.#phase === 'complete') this.#finish(this.#reusable);
    else this.#awaitBody();
  }

  abandon(): void {
    this.#destroy();
  }

  /** Closes the connection; a request in flight fails. */
  close(): void {
    this.#fail(new UpstreamError('pool_closed'));
  }

  readonly #uploadEvents: BodyWriterEvents = {
    blocked: () => this.#awaitUpstream(),
    unblocked: () => void (this.deadline = Infinity),
    ended: () => this.#awaitUpstream(),
    failed: (error) => this.#fail(error),
  };

  #awaitHead(): void {
    if (this.#phase !== 'head') return;
    this.deadline = performance.now() + (this.#exchange?.request.headersTimeout ?? this.#timeouts.headers);
  }

  #awaitUpstream(): void {
    if (this.#phase === 'head') this.#awaitHead();
    else if (this.#isReadingBody()) this.deadline = performance.now() + this.#idle;
  }

  #isReadingBody(): boolean {
    return this.#phase === 'body' && this.#exchange?.paused === false;
  }

  #awaitBody(): void {
    // An upstream that responds early may wait for the end of the request body; the client's pace is watched elsewhere.
    const uploading = this.#writer?.open === true && this.#socket?.writableNeedDrain === false;
    this.deadline = uploading ? Infinity : performance.now() + this.#idle;
  }

  /** A handler that paused still uses the buffer, so the connection serves no other request before it resumes. */
  #complete(reusable: boolean): void {
    this.#reusable = reusable;
    this.#phase = 'complete';
    this.deadline = Infinity;
    if (this.#exchange?.paused !== true) this.#finish(reusable);
  }

  #finish(reusable: boolean): void {
    const exchange = this.#exchange;
    if (reusable && this.#writer?.open !== true && this.#socket?.writableLength === 0) this.#release();
    else this.#destroy();
    if (exchange === undefined || exchange.ended) return;
    exchange.ended = true;
    exchange.handler.onResponseEnd();
  }

  #release(): void {
    this.#exchange = undefined;
    this.#writer?.release();
    this.#phase = 'idle';
    this.#reused = true;
    this.#owner.released(this, this.#parser.keepAliveTimeout);
  }

  /** The upstream ended its side of the connection. */
  #end(): void {
    const complete = this.#phase === 'body' && this.#parser.finish().kind === 'complete';
    const error = complete ? truncation(this.#socket) : new UpstreamError('connection_closed');
    if (error === undefined) this.#complete(false);
    else this.#fail(error);
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    const stale = this.#reused && !this.#received && isConnectionLoss(error);
    const unsent = this.#writer?.unsent === true;
    if (stale && unsent) this.#writer?.detach();
    const begun = this.#phase === 'body';
    if (this.#phase === 'complete') return this.#finish(false);
    this.#destroy();
    if (exchange === undefined || exchange.ended) return;
    exchange.ended = true;
    const { request, handler } = exchange;
    if (stale && (unsent || request.repeatable === true)) this.#owner.repeat(request, handler);
    // The client receives the part of the body that arrived before the error.
    else if (begun) setImmediate(() => handler.onResponseError(exchange, error));
    else handler.onResponseError(exchange, error);
  }

  #destroy(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.deadline = Infinity;
    this.#parser.stop();
    this.#writer?.stop();
    this.#exchange = undefined;
    this.#socket?.destroy();
    this.#owner.closed(this);
  }
}
