import type { ServerResponse } from 'node:http';
import type { Forwarding } from '../../core/request/forwarding.ts';
import { destroyResponse } from '../../util/http/destroy-response.ts';
import { internalFault } from '../transport/upstream-fault.ts';
import type { RequestControl } from '../transport/upstream-request.ts';
import { cutOff, slowReader } from './client-side.ts';
import { DirectBody, directSocket } from './direct-body.ts';
import type { StallWatch, Transfer } from './stall-watch.ts';

/** A relayed response head, until it is written. */
export interface PendingHead {
  readonly status: number;
  /** Name, value, name, value … for `writeHead`. */
  readonly headers: string[];
  /** The end of the connection delimits the body, so the client's connection must be closed with it. */
  readonly untilClose: boolean;
}

/** Node did not write the head: it refuses a header field that the transport had accepted, or the gateway has a fault. */
export interface HeadFault {
  readonly kind: 'unsendable';
  readonly reason: 'upstream_invalid' | 'internal_error';
  readonly status: number;
  readonly detail: string;
}

/** Bytes; a larger body is written as Buffers. */
export const MAX_SINGLE_WRITE = 16 * 1024;

/** Writes a relayed response to the client. The head waits for the first chunk, so that a small response is one write. */
export class ClientResponse {
  readonly #forwarding: Forwarding;
  readonly #res: ServerResponse;
  readonly #hasRequestBody: boolean;
  readonly #stalls: StallWatch;
  #pending: PendingHead | undefined;
  #contentLength: number | undefined;
  #transfer: Transfer | undefined;
  /** Undefined before the first bytes of the body. */
  #direct: DirectBody | false | undefined;
  /** The upstream is paused until the client accepts more. */
  #draining = false;
  /** No body by method or status; the head may still contain a length. */
  bodiless = false;

  constructor(forwarding: Forwarding, hasRequestBody: boolean, stalls: StallWatch) {
    this.#forwarding = forwarding;
    this.#res = forwarding.incoming.res;
    this.#hasRequestBody = hasRequestBody;
    this.#stalls = stalls;
  }

  get headersSent(): boolean {
    return this.#res.headersSent;
  }

  prepare(head: PendingHead, contentLength: number | undefined, bodiless: boolean): void {
    this.#pending = head;
    this.#contentLength = contentLength;
    this.bodiless = bodiless;
  }

  discardHead(): void {
    this.#pending = undefined;
  }

  /** Sends the head before the first chunk. */
  flushHead(): HeadFault | undefined {
    if (this.#pending === undefined || this.bodiless) return undefined;
    const fault = this.#writeHead(this.#pending);
    // `flushHeaders` writes the head as UTF-8, which changes bytes above 0x7F.
    if (fault === undefined) this.#res.write('', 'latin1');
    return fault;
  }

  /** `view` is part of the upstream's read buffer, which is reused after the call unless it pauses the upstream. */
  writeView(view: Buffer, control: RequestControl): HeadFault | undefined {
    const res = this.#res;
    if (this.#pending !== undefined) {
      const fault = this.#writeHead(this.#pending);
      if (fault !== undefined) return fault;
      if (view.length === this.#contentLength && view.length <= MAX_SINGLE_WRITE) {
        this.#forwarding.bytesOut += view.length;
        // As a latin1 string, head and body are one write.
        res.end(view.toString('latin1'), 'latin1');
        return undefined;
      }
      if (directSocket(res, this.#contentLength) !== undefined) res.write('', 'latin1');
    }
    this.#direct ??= this.#openDirect();
    if (this.#direct === false) return this.write(Buffer.from(view), control);
    this.#forwarding.bytesOut += view.length;
    if (!this.#direct.write(view, control)) this.#watchClient();
    return undefined;
  }

  write(chunk: Buffer, control: RequestControl): HeadFault | undefined {
    const res = this.#res;
    const fault = this.#pending && this.#writeHead(this.#pending);
    if (fault !== undefined) return fault;
    if (res.writableEnded) return undefined;
    this.#forwarding.bytesOut += chunk.length;
    if (!res.write(chunk)) this.#waitForClient(control);
    return undefined;
  }

  /** `last`: the remaining bytes of a rewritten body. */
  end(last: Buffer | undefined): HeadFault | undefined {
    const res = this.#res;
    const head = this.#pending;
    if (head !== undefined) {
      if (this.#contentLength === undefined && !this.bodiless)
        head.headers.push('Content-Length', String(last?.length ?? 0));
      const fault = this.#writeHead(head);
      if (fault !== undefined) return fault;
    }
    if (res.writableEnded) return undefined;
    this.#forwarding.bytesOut += last?.length ?? 0;
    res.end(last);
    return undefined;
  }

  cutOff(): void {
    cutOff(this.#res, this.#contentLength !== undefined);
  }

  destroy(): void {
    destroyResponse(this.#res);
  }

  stopWatching(): void {
    if (this.#transfer !== undefined) this.#stalls.forget(this.#transfer);
  }

  /** No upstream header is set on the response before this call, so that the gateway can send its own until then. */
  #writeHead({ status, headers, untilClose }: PendingHead): HeadFault | undefined {
    const res = this.#res;
    this.#pending = undefined;
    if (untilClose) {
      res.shouldKeepAlive = false;
      res.useChunkedEncodingByDefault = false;
    }
    // An upstream that responds before the end of the request body may never read the rest.
    if (this.#hasRequestBody && !this.#forwarding.incoming.req.complete) res.shouldKeepAlive = false;
    try {
      res.writeHead(status, headers);
      return undefined;
    } catch (error) {
      const { detail } = internalFault(error);
      return {
        kind: 'unsendable',
        reason: isInvalidField(error) ? 'upstream_invalid' : 'internal_error',
        status,
        detail,
      };
    }
  }

  /** False: the body takes the ordinary path through the ServerResponse. */
  #openDirect(): DirectBody | false {
    const socket = directSocket(this.#res, this.#contentLength);
    return socket === undefined ? false : new DirectBody(socket);
  }

  #waitForClient(control: RequestControl): void {
    // The rest of the upstream's read may follow as thousands of small chunks.
    if (this.#draining) return;
    this.#draining = true;
    control.pause();
    this.#res.once('drain', () => {
      this.#draining = false;
      control.resume();
    });
    this.#watchClient();
  }

  #watchClient(): void {
    if (this.#transfer !== undefined) return;
    const res = this.#res;
    // A response behind an earlier one on the connection (pipelining) waits for that one.
    const waiting = (): boolean =>
      (res.writableNeedDrain && res.socket !== null) ||
      (this.#direct instanceof DirectBody && this.#direct.waiting);
    this.#transfer = slowReader(res, waiting, () => {
      this.#forwarding.broken('body_timeout', 'the client stopped reading');
      this.cutOff();
    });
    this.#stalls.watch(this.#transfer);
  }
}

function isInvalidField(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_INVALID_CHAR' || code === 'ERR_INVALID_HTTP_TOKEN';
}
