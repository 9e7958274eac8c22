import type { Forwarding } from '../../core/request/forwarding.ts';
import { findHeader } from '../../util/http/header-name.ts';
import type { BodyTransform } from '../rewrite/body-transform.ts';
import { invalidResponse, type InvalidResponse } from '../transport/invalid-response.ts';
import { readResponseHead } from '../transport/response-head.ts';
import { isRedirect } from '../transport/status-code.ts';
import { internalFault, upstreamFault, type Fault } from '../transport/upstream-fault.ts';
import type { RequestControl, ResponseHandler, UpstreamResponseHead } from '../transport/upstream-request.ts';
import type { Rejection } from '../upstream-credentials/request-credential.ts';
import { ClientResponse, MAX_SINGLE_WRITE, type HeadFault } from './client-response.ts';
import type { RelayPorts } from './relay-ports.ts';
import type { RequestBody } from './request-body.ts';

/** Relays one upstream response to the client, with backpressure, aborts and truncation in both directions. */
export class Relay implements ResponseHandler {
  readonly #forwarding: Forwarding;
  readonly #body: RequestBody | undefined;
  readonly #ports: RelayPorts;
  readonly #startedAt = performance.now();
  #control: RequestControl | undefined;
  readonly #client: ClientResponse;
  /** The client has its response, or closed the connection. */
  #done = false;
  #released = false;
  #transform: BodyTransform | undefined;

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
    // A request that waits for a connection keeps its place until it has one, so that the queue stays bounded.
    if (this.#control !== undefined) this.#abort();
  }

  onRequestStart(control: RequestControl): void {
    this.#control = control;
    if (this.#done) this.#abort();
  }

  onResponseStart(_control: RequestControl, head: UpstreamResponseHead): void {
    try {
      this.#receiveHead(head);
    } catch (error) {
      this.#fault(error);
    }
  }

  #receiveHead({ status, fields }: UpstreamResponseHead): void {
    const forwarding = this.#forwarding;
    forwarding.upstreamStatus = status;
    if (status === 401) {
      const reason = this.#ports.unauthorized();
      return reason === undefined ? this.#replaced() : this.refuse(reason, 'the upstream responded with 401');
    }
    if (this.#ports.follow !== undefined && isRedirect(status)) return this.#follow(fields);
    this.#start(status, fields);
  }

  #start(status: number, fields: readonly string[]): void {
    const { head: request, incoming } = this.#forwarding;
    const { location, redirect = location, keepCookies } = this.#ports;
    const rewrite = isRedirect(status) ? redirect : location;
    const head = readResponseHead(fields, status, request.host, rewrite, keepCookies);
    if (head.kind === 'invalid') return this.#invalid(head);
    const rewritten = this.#ports.rewriting?.response(head.headers, status);
    if (rewritten?.kind === 'invalid') return this.#invalid(rewritten);
    this.#ports.outage.recovered();
    this.#transform = rewritten?.body;
    const headers = rewritten?.headers ?? head.headers;
    headers.push('X-Request-Id', incoming.requestId);
    const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
    this.#client.prepare(
      { status, headers, untilClose: head.untilClose && !bodiless },
      rewritten === undefined ? head.contentLength : undefined,
      bodiless,
    );
    // The head of a short response waits for its body; an event stream may send its first chunk after hours.
    // A rewritten response waits for its first rewritten bytes, because rewriting may fail until then.
    if (this.#transform === undefined && (head.contentLength ?? Infinity) > MAX_SINGLE_WRITE)
      queueMicrotask(() => this.#sendHead());
  }

  #follow(fields: readonly string[]): void {
    const location = findHeader(fields, 'location');
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
    this.#abort();
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
    this.#abort();
    return false;
  }

  onResponseData(control: RequestControl, view: Buffer): void {
    if (this.#done) return;
    try {
      if (this.#transform === undefined) {
        this.#check(this.#client.writeView(view, control));
        return;
      }
      const chunk = this.#transform.push(view);
      if (chunk === undefined) return;
      if ('kind' in chunk) return this.#invalid(chunk);
      if (chunk.length > 0) this.#check(this.#client.write(chunk, control));
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

  onResponseError(_control: RequestControl | undefined, error: unknown): void {
    this.#release();
    if (!this.#done) this.#fail(upstreamFault(error));
  }

  /** An exception in the gateway, which says nothing about the upstream. */
  #fault(error: unknown): void {
    if (this.#done) return;
    this.#fail(internalFault(error));
    this.#abort();
  }

  #fail(fault: Fault): void {
    const { reason, detail } = fault;
    this.#ports.outage.failed(fault);
    this.#client.discardHead();
    this.#end();
    if (!this.#client.headersSent) return this.#forwarding.failed(reason, detail);
    this.#forwarding.broken(reason, detail);
    this.#client.cutOff();
  }

  #abort(): void {
    this.#control?.abort();
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
    this.#ports.outage.failed({ reason, detail });
    this.#forwarding.failed(reason, detail);
    this.#abort();
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#forwarding.upstreamDuration = performance.now() - this.#startedAt;
    if (this.#body !== undefined) this.#forwarding.bytesIn = this.#body.received;
    this.#client.stopWatching();
  }

  /** The connection no longer carries the request. */
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#ports.ended();
  }
}
