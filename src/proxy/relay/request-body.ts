import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { BodyWatch } from '../../core/request/protocol.ts';
import type { BufferedBody } from '../../core/request/buffered-body.ts';

export type BodyFault = 'body_too_large' | 'body_timeout' | 'client_left' | 'not_as_announced';

export class BodyError extends Error {
  readonly fault: BodyFault;

  constructor(fault: BodyFault, detail: string = fault) {
    super(detail);
    this.fault = fault;
  }
}

/**
 * The request body for undici, with backpressure, a byte counter and a limit. undici destroys its body stream, so the
 * request itself is not passed: destroying it would close the connection before the client has its response.
 */
export class RequestBody extends Readable {
  readonly #req: IncomingMessage;
  readonly #maxBytes: number;
  readonly #watches: readonly BodyWatch[];
  received = 0;

  /** `maxBytes`: `Infinity` without a limit. */
  constructor(
    req: IncomingMessage,
    maxBytes: number,
    buffered: BufferedBody | undefined,
    watches: readonly BodyWatch[],
  ) {
    super({ highWaterMark: 64 * 1024 });
    this.#req = req;
    this.#maxBytes = maxBytes;
    this.#watches = watches;
    if (buffered !== undefined) this.#data(buffered.bytes);
    if (buffered?.whole === true) this.#end();
    req.on('data', this.#data);
    req.on('end', this.#end);
    req.on('close', this.#close);
    req.on('error', ignore);
    req.pause();
  }

  /** The client stopped sending. */
  stall(): void {
    this.destroy(new BodyError('body_timeout'));
  }

  override _read(): void {
    this.#req.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#req.off('data', this.#data);
    this.#req.off('end', this.#end);
    this.#req.off('close', this.#close);
    callback(error);
  }

  readonly #data = (chunk: Buffer): void => {
    this.received += chunk.length;
    if (this.received > this.#maxBytes) return void this.destroy(new BodyError('body_too_large'));
    const wrong = this.#inspect(chunk);
    if (wrong !== undefined) this.destroy(wrong);
    else if (!this.push(chunk)) this.#req.pause();
  };

  /** An exception ends this request only; thrown from a stream event, it would end the process. */
  #inspect(chunk: Buffer): Error | undefined {
    try {
      for (const watch of this.#watches) {
        const invalid = watch(chunk);
        if (invalid !== undefined) return new BodyError('not_as_announced', invalid.detail);
      }
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new TypeError('a body inspector threw');
    }
  }

  readonly #end = (): void => {
    this.push(null);
  };

  readonly #close = (): void => {
    if (!this.#req.complete) this.destroy(new BodyError('client_left'));
  };
}

function ignore(): void {
  // `close` follows and is handled.
}
