import { errors, type Dispatcher } from 'undici';
import type { Forwarding } from '../../core/request/forwarding.ts';
import type { BodyTransform } from '../rewrite/body-transform.ts';
import { invalidResponse, type InvalidResponse } from '../transport/invalid-response.ts';
import { findRaw, readResponseHead } from '../transport/response-head.ts';
import { checkStatusLine, isRedirect } from '../transport/status-line.ts';
import { internalFault, isStaleConnection, upstreamFault, type Fault } from '../transport/upstream-fault.ts';
import type { Rejection } from '../upstream-credentials/request-credential.ts';
import { ClientResponse, MAX_SINGLE_WRITE, type HeadFault } from './client-response.ts';
import { IdleTimer } from './idle-timer.ts';
import type { RelayPorts } from './relay-ports.ts';
import type { RequestBody } from './request-body.ts';

/** Relays one upstream response to the client, with backpressure, aborts and truncation in both directions. */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #forwarding: Forwarding;
  readonly #body: RequestBody | undefined;
  readonly #ports: RelayPorts;
  readonly #startedAt = performance.now();
  #controller: Dispatcher.DispatchController | undefined;
  readonly #client: ClientResponse;
  #interim = 0;
  #retried = false;
  /** The client has its response, or closed the connection. */
  #done = false;
  #released = false;
  #transform: BodyTransform | undefined;
  readonly #idleTimer = new IdleTimer();

  constructor(forwarding: Forwarding, body: RequestBody | undefined, ports: RelayPorts) {
    this.#forwarding = forwarding;
    this.#body = body;
    this.#ports = ports;
    this.#client = new ClientResponse(forwarding, body !== undefined, ports.stalls);
  }

  /** The client's connection closed. Called once. */
  clientClosed(): void {
    if (this.#done) return;
    this.#end();
    // A request that waits for a connection keeps its place until undici starts it, so that the queue stays bounded.
    if (this.#controller !== undefined) this.#abort('client closed');
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#done) this.#abort('client closed');
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    phrase = '',
  ): void {
    try {
      this.#receiveHead(controller, status, phrase);
    } catch (error) {
      this.#fault(error);
    }
  }

  #receiveHead(controller: Dispatcher.DispatchController, status: number, phrase: string): void {
    const forwarding = this.#forwarding;
    // Interim responses (RFC 9110 §15.2) are not relayed. Each one restarts undici's timer, so their number is limited.
    if (status >= 102 && status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM)
        this.refuse('upstream_invalid', `more than ${MAX_INTERIM} interim responses`);
      return;
    }
    forwarding.upstreamStatus = status;
    const problem = checkStatusLine(status, phrase);
    if (problem !== undefined) return this.#invalid(problem);
    if (status === 401) {
      const reason = this.#ports.unauthorized();
      return reason === undefined ? this.#replaced() : this.refuse(reason, 'the upstream responded with 401');
    }
    const raw = (controller.rawHeaders as RawHeaders | null | undefined) ?? [];
    if (this.#ports.follow !== undefined && isRedirect(status)) return this.#follow(raw);
    this.#start(raw, status);
  }

  #start(raw: RawHeaders, status: number): void {
    const { head: request, incoming } = this.#forwarding;
    const head = readResponseHead(raw, status, request.host, this.#ports.location);
    if (head.kind === 'invalid') return this.#invalid(head);
    const rewritten = this.#ports.rewriting?.response(head.headers, status);
    if (rewritten?.kind === 'invalid') return this.#invalid(rewritten);
    this.#transform = rewritten?.body;
    const headers = rewritten?.headers ?? head.headers;
    headers.push('X-Request-Id', incoming.requestId);
    const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
    this.#client.prepare(
      { status, headers, untilClose: head.untilClose && !bodiless },
      rewritten === undefined ? head.contentLength : undefined,
      bodiless,
    );
    const { idle } = this.#ports;
    if (idle !== undefined && head.contentLength !== undefined && !bodiless)
      queueMicrotask(() => this.#watchIdle(idle));
    // The head of a short response waits for its body; an event stream may send its first chunk after hours.
    // A rewritten response waits for its first rewritten bytes, because rewriting may fail until then.
    if (this.#transform === undefined && (head.contentLength ?? Infinity) > MAX_SINGLE_WRITE)
      queueMicrotask(() => this.#sendHead());
  }

  /** A body that arrived together with its head needs no timer. */
  #watchIdle(idle: number): void {
    if (this.#done) return;
    const expired = (): void => {
      this.onResponseError(undefined, new errors.BodyTimeoutError());
      this.#abort('idle');
    };
    this.#idleTimer.start(idle, () => this.#controller?.paused === true, expired);
  }

  #follow(raw: RawHeaders): void {
    const location = findRaw(raw, 'location');
    const problem =
      location === undefined
        ? invalidResponse('a redirect without Location')
        : this.#ports.follow?.(location);
    if (problem === undefined) this.#replaced();
    else this.#invalid(problem);
  }

  /** Another relay serves the client; the rest of this response is discarded. */
  #replaced(): void {
    this.#end();
    this.#abort('replaced by another request');
  }

  #sendHead(): void {
    if (!this.#done) this.#check(this.#client.flushHead());
  }

  /** True when the head could be sent. */
  #check(fault: HeadFault | undefined): boolean {
    if (fault === undefined) return true;
    const { reason, status, detail } = fault;
    if (status !== 204 && status !== 304) {
      this.refuse(reason, detail);
      return false;
    }
    // Node marked this response as one without a body, so no other response can replace it.
    this.#end();
    this.#forwarding.broken(reason, detail);
    this.#client.destroy();
    this.#abort(reason);
    return false;
  }

  onResponseData(controller: Dispatcher.DispatchController, received: Buffer): void {
    if (this.#done) return;
    this.#idleTimer.refresh();
    try {
      const chunk = this.#transform === undefined ? received : this.#transform.push(received);
      if (chunk === undefined) return;
      if ('kind' in chunk) return this.#invalid(chunk);
      if (chunk.length > 0) this.#check(this.#client.write(chunk, controller));
    } catch (error) {
      this.#fault(error);
    }
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#done) return;
    try {
      const last = this.#client.bodiless ? undefined : this.#transform?.end();
      if (last !== undefined && 'kind' in last) return this.#invalid(last);
      this.#check(this.#client.end(last));
      this.#end();
    } catch (error) {
      this.#fault(error);
    }
  }

  onResponseError(_controller: unknown, error: unknown): void {
    if (this.#done) return this.#release();
    const untouched =
      this.#client.untouched && this.#forwarding.upstreamStatus === undefined && this.#interim === 0;
    if (untouched && !this.#retried && this.#ports.retry !== undefined && isStaleConnection(error)) {
      this.#retried = true;
      this.#controller = undefined;
      this.#ports.retry();
      return;
    }
    this.#release();
    this.#fail(upstreamFault(error));
  }

  /** An exception in the gateway, which undici would report as an error of the upstream. */
  #fault(error: unknown): void {
    if (this.#done) return;
    this.#fail(internalFault(error));
    this.#abort('internal_error');
  }

  #fail({ reason, detail }: Fault): void {
    this.#client.discardHead();
    this.#end();
    if (!this.#client.headersSent) return this.#forwarding.failed(reason, detail);
    this.#forwarding.broken(reason, detail);
    this.#client.cutOff();
  }

  #abort(why: string): void {
    this.#controller?.abort(new Error(why));
    this.#release();
  }

  #invalid({ detail }: InvalidResponse): void {
    this.refuse('upstream_invalid', detail);
  }

  /** Sends the gateway's response in place of the upstream's. */
  refuse(
    reason: 'upstream_invalid' | 'internal_error' | Exclude<Rejection, 'another'>,
    detail: string,
  ): void {
    this.#end();
    this.#forwarding.failed(reason, detail);
    this.#abort(reason);
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#forwarding.upstreamDuration = performance.now() - this.#startedAt;
    if (this.#body !== undefined) this.#forwarding.bytesIn = this.#body.received;
    this.#client.stopWatching();
    this.#idleTimer.stop();
  }

  /** undici has finished the request. */
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#ports.ended();
  }
}

type RawHeaders = readonly (Buffer | string)[];

/** WebDAV servers send a 102 every 20 s during long requests. */
const MAX_INTERIM = 64;
