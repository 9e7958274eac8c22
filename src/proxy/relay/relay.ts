import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Forwarding } from '../../core/request/forwarding.ts';
import type { BodyTransform } from '../rewrite/body-transform.ts';
import { cutOff, slowReader } from './client-side.ts';
import type { LocationRewriter } from '../rewrite/location.ts';
import type { RequestBody } from './request-body.ts';
import type { Rejection } from '../upstream-credentials/request-credential.ts';
import { findRaw, readResponseHead } from '../transport/response-head.ts';
import type { Rewriting } from '../rewrite/rewriting.ts';
import type { StallWatch, Transfer } from './stall-watch.ts';
import { isRedirect, statusLineProblem } from '../transport/status-line.ts';
import { isStaleConnection, upstreamFault } from '../transport/upstream-fault.ts';

export interface RelayPorts {
  readonly location: LocationRewriter;
  readonly rewriting: Rewriting | undefined;
  readonly stalls: StallWatch;
  /** Sends the request again; undefined where it may not be. */
  readonly retry: (() => void) | undefined;
  /** Takes over where a redirect leads, or says why not; undefined where clients follow themselves. */
  readonly follow: ((location: string) => string | undefined) | undefined;
  /** What a 401 of the upstream is to the client; undefined where the request was taken over, with another credential. */
  readonly unauthorized: () => Exclude<Rejection, 'another'> | undefined;
  /** Exactly once, however the exchange ends. */
  readonly ended: () => void;
}

/**
 * Carries one upstream response to the client: undici's handler on one side, node's response on the other.
 * Backpressure, aborts and truncation pass through in both directions.
 */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #forwarding: Forwarding;
  readonly #res: ServerResponse;
  readonly #body: RequestBody | undefined;
  readonly #ports: RelayPorts;
  readonly #startedAt = performance.now();
  #controller: Dispatcher.DispatchController | undefined;
  /** The response head waits for the first chunk, so that a small response goes out in one write. */
  #pending: PendingHead | undefined;
  #contentLength: number | undefined;
  /** By method or status; its head may still have a length. */
  #bodiless = false;
  #interim = 0;
  #retried = false;
  /** The client has its answer, or is gone. */
  #done = false;
  #released = false;
  #transfer: Transfer | undefined;
  #transform: BodyTransform | undefined;

  constructor(forwarding: Forwarding, body: RequestBody | undefined, ports: RelayPorts) {
    this.#forwarding = forwarding;
    this.#res = forwarding.incoming.res;
    this.#body = body;
    this.#ports = ports;
  }

  /** The client's side has closed; called once by the forwarder. */
  clientClosed(): void {
    if (this.#done) return;
    this.#end();
    // A request that still waits for a connection keeps its place until undici comes to it: others must not queue
    // behind it without bound.
    if (this.#controller !== undefined) this.#abort('client left');
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#done) this.#abort('client left');
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    phrase = '',
  ): void {
    const forwarding = this.#forwarding;
    // Interim answers (RFC 9110 §15.2) are between the upstream and us. Each one starts undici's timer anew.
    if (status >= 102 && status < 200) {
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM) this.refuse('upstream_invalid', 'interim answers without end');
      return;
    }
    forwarding.upstreamStatus = status;
    const problem = statusLineProblem(status, phrase);
    if (problem !== undefined) return this.refuse('upstream_invalid', problem);
    if (status === 401) {
      const reason = this.#ports.unauthorized();
      return reason === undefined ? this.#handedOver() : this.refuse(reason, 'the upstream answered 401');
    }
    const raw = (controller.rawHeaders as readonly (Buffer | string)[] | null | undefined) ?? [];
    if (this.#ports.follow !== undefined && isRedirect(status)) return this.#follow(raw);
    const head = readResponseHead(raw, status, forwarding.head.host, this.#ports.location);
    if (head.kind === 'invalid') return this.refuse('upstream_invalid', head.detail);

    const { requestId } = forwarding.incoming;
    const rewritten = this.#ports.rewriting?.answer(head.headers, status);
    if (typeof rewritten === 'string') return this.refuse('upstream_invalid', rewritten);
    this.#transform = rewritten?.body;
    const headers = rewritten?.headers ?? head.headers;
    headers.push('X-Request-Id', requestId);
    this.#bodiless = forwarding.head.method === 'HEAD' || status === 204 || status === 304;
    this.#pending = { status, headers, untilClose: head.untilClose && !this.#bodiless };
    this.#contentLength = rewritten === undefined ? head.contentLength : undefined;
    // A short body is at hand or near; a stream of events may let its first chunk wait for hours.
    // One that is rewritten goes with the first piece that is known to be good.
    if (this.#transform === undefined && (head.contentLength ?? Infinity) > ONE_WRITE)
      queueMicrotask(() => this.#sendHead());
  }

  #follow(raw: readonly (Buffer | string)[]): void {
    const location = findRaw(raw, 'location');
    const problem = location === undefined ? 'a redirect to nowhere' : this.#ports.follow?.(location);
    if (problem === undefined) this.#handedOver();
    else this.refuse('upstream_invalid', problem);
  }

  /** Another relay has the client now; what follows of this answer is of no use to anybody. */
  #handedOver(): void {
    this.#end();
    this.#abort('answered from elsewhere');
  }

  /** Sends the head before the body, where no chunk arrived with it. */
  #sendHead(): void {
    if (this.#pending === undefined || this.#bodiless || this.#done) return;
    if (this.#commit(this.#pending)) this.#res.flushHeaders();
  }

  /**
   * Writes the pending head. Nothing of the upstream's head is set on the response before this call, so that a fault up to here
   * is answered by a response of the gateway alone.
   */
  #commit({ status, headers, untilClose }: PendingHead): boolean {
    const res = this.#res;
    this.#pending = undefined;
    if (untilClose) {
      res.shouldKeepAlive = false;
      res.useChunkedEncodingByDefault = false;
    }
    // An upstream that answers before it has the whole request body may never read the rest.
    if (this.#body !== undefined && !this.#forwarding.incoming.req.complete) res.shouldKeepAlive = false;
    try {
      res.writeHead(status, headers);
      return true;
    } catch (error) {
      this.#unsendable(status, error);
      return false;
    }
  }

  /** Node refused a field of the head that the upstream client had accepted. */
  #unsendable(status: number, error: unknown): void {
    const detail = error instanceof Error ? error.name : 'unknown';
    if (status !== 204 && status !== 304) return this.refuse('upstream_invalid', detail);
    // Node has marked this response as one without a body: no other can follow on it.
    this.#end();
    this.#forwarding.broken('upstream_invalid', detail);
    this.#res.destroy();
    this.#abort('upstream_invalid');
  }

  onResponseData(controller: Dispatcher.DispatchController, received: Buffer): void {
    if (this.#done) return;
    const chunk = this.#transform === undefined ? received : this.#transform.push(received);
    if (typeof chunk === 'string') return this.refuse('upstream_invalid', chunk);
    if (chunk === undefined || chunk.length === 0) return;
    const res = this.#res;
    if (this.#pending !== undefined) {
      if (!this.#commit(this.#pending)) return;
      if (chunk.length === this.#contentLength && chunk.length <= ONE_WRITE) {
        this.#forwarding.bytesOut += chunk.length;
        // As latin1 text, head and body leave in one write.
        res.end(chunk.toString('latin1'), 'latin1');
        return;
      }
    }
    if (res.writableEnded) return;
    this.#forwarding.bytesOut += chunk.length;
    if (!res.write(chunk)) this.#waitForClient(controller);
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#done) return;
    const last = this.#bodiless ? undefined : this.#transform?.end();
    if (typeof last === 'string') return this.refuse('upstream_invalid', last);
    const res = this.#res;
    this.#end();
    const head = this.#pending;
    if (head !== undefined) {
      if (this.#contentLength === undefined && !this.#bodiless)
        head.headers.push('Content-Length', String(last?.length ?? 0));
      if (!this.#commit(head)) return;
    }
    if (res.writableEnded) return;
    this.#forwarding.bytesOut += last?.length ?? 0;
    res.end(last);
  }

  onResponseError(_controller: unknown, error: unknown): void {
    if (this.#done) return this.#release();
    const untouched =
      this.#pending === undefined &&
      !this.#res.headersSent &&
      this.#forwarding.upstreamStatus === undefined &&
      this.#interim === 0;
    if (untouched && !this.#retried && this.#ports.retry !== undefined && isStaleConnection(error)) {
      this.#retried = true;
      this.#controller = undefined;
      this.#ports.retry();
      return;
    }
    this.#release();
    this.#pending = undefined;
    this.#end();
    const { reason, detail } = upstreamFault(error);
    if (!this.#res.headersSent) return this.#forwarding.failed(reason, detail);
    this.#forwarding.broken(reason, detail);
    cutOff(this.#res, this.#contentLength !== undefined);
  }

  #abort(why: string): void {
    this.#controller?.abort(new Error(why));
    this.#release();
  }

  /** Answers the client in place of an upstream response that cannot be relayed. */
  refuse(reason: 'upstream_invalid' | Exclude<Rejection, 'another'>, detail: string): void {
    this.#end();
    this.#forwarding.failed(reason, detail);
    this.#abort(reason);
  }

  #waitForClient(controller: Dispatcher.DispatchController): void {
    const res = this.#res;
    controller.pause();
    res.once('drain', () => controller.resume());
    if (this.#transfer !== undefined) return;
    this.#transfer = slowReader(res, () => {
      this.#forwarding.broken('body_timeout', 'the client stopped reading');
      cutOff(this.#res, this.#contentLength !== undefined);
    });
    this.#ports.stalls.watch(this.#transfer);
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#forwarding.upstreamDuration = performance.now() - this.#startedAt;
    if (this.#body !== undefined) this.#forwarding.bytesIn = this.#body.received;
    if (this.#transfer !== undefined) this.#ports.stalls.forget(this.#transfer);
  }

  /** Undici is done with the request, whoever was first to leave. */
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#ports.ended();
  }
}

/** What the client gets of an upstream's head, until it is written. */
interface PendingHead {
  readonly status: number;
  /** Name, value, name, value … for `writeHead`. */
  readonly headers: string[];
  /** The body ends where the upstream closes: the client's connection must end with it. */
  readonly untilClose: boolean;
}

/** WebDAV servers send a 102 every 20 s while they work. */
const MOST_INTERIM = 64;

/** Bytes; larger ones are written as the Buffers they are. */
const ONE_WRITE = 16 * 1024;
