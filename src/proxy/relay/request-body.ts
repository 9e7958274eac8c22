import type { IncomingMessage } from 'node:http';
import type { BodyWatch } from '../../core/request/protocol.ts';
import type { BufferedBody } from '../../core/request/buffered-body.ts';
import type { BodySink, RequestBodySource } from '../transport/upstream-request.ts';
import { ChunkMemory } from './chunk-memory.ts';

export type BodyFault = 'body_too_large' | 'body_timeout' | 'client_left' | 'not_as_announced';

export class BodyError extends Error {
  readonly fault: BodyFault;

  constructor(fault: BodyFault, detail: string = fault) {
    super(detail);
    this.fault = fault;
  }
}

/**
 * The request body on its way from the client to the upstream, with a byte counter, a limit and inspectors. The request
 * itself is never destroyed: that would close the connection before the client has its response.
 */
export class RequestBody implements RequestBodySource {
  readonly #req: IncomingMessage;
  readonly #maxBytes: number;
  readonly #watches: readonly BodyWatch[];
  readonly #buffered: BufferedBody | undefined;
  /** Undefined if an inspector may keep a chunk. */
  readonly #memory: ChunkMemory | undefined;
  #sink: BodySink | undefined;
  #state: 'waiting' | 'open' | 'closed' = 'waiting';
  #error: Error | undefined;
  received = 0;

  /** `maxBytes`: `Infinity` without a limit. */
  constructor(
    req: IncomingMessage,
    maxBytes: number,
    buffered: BufferedBody | undefined,
    watches: readonly BodyWatch[],
  ) {
    this.#req = req;
    this.#maxBytes = maxBytes;
    this.#buffered = buffered;
    this.#watches = watches;
    this.#memory = watches.length === 0 ? new ChunkMemory() : undefined;
    req.on('close', this.#close);
    req.on('error', ignore);
    req.pause();
  }

  /** False after the end and after a failure. */
  get open(): boolean {
    return this.#state !== 'closed';
  }

  start(sink: BodySink): void {
    if (this.#error !== undefined) return sink.fail(this.#error);
    this.#sink = sink;
    this.#state = 'open';
    const accepts = this.#buffered === undefined || this.#pass(this.#buffered.bytes);
    if (!this.open) return;
    if (this.#buffered?.whole === true) return this.#end();
    this.#req.on('data', this.#data);
    this.#req.on('end', this.#end);
    if (accepts) this.#req.resume();
  }

  resume(): void {
    if (this.#state !== 'open') return;
    if (this.#sink?.flushed === true) this.#memory?.free();
    this.#req.resume();
  }

  detach(): void {
    if (this.#state !== 'open') return;
    this.#state = 'waiting';
    this.#sink = undefined;
    this.#req.off('data', this.#data).off('end', this.#end).pause();
  }

  /** What the client sends after this is discarded. */
  stop(): void {
    this.#state = 'closed';
    const req = this.#req;
    req.off('data', this.#data).off('end', this.#end).off('close', this.#close);
  }

  /** The client stopped sending. */
  stall(): void {
    this.#fail(new BodyError('body_timeout'));
  }

  /** False when the sink accepts no more. */
  #pass(chunk: Buffer): boolean {
    this.received += chunk.length;
    const error = this.received > this.#maxBytes ? new BodyError('body_too_large') : this.#inspect(chunk);
    if (error === undefined) return this.#sink?.write(chunk) ?? false;
    this.#fail(error);
    return false;
  }

  #fail(error: Error): void {
    if (!this.open) return;
    this.#error = error;
    this.stop();
    this.#sink?.fail(error);
  }

  readonly #data = (chunk: Buffer): void => {
    if (!this.#pass(chunk)) this.#req.pause();
    if (this.open && this.#sink !== undefined) this.#memory?.release(chunk, this.#sink.flushed);
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
    this.stop();
    this.#sink?.end();
  };

  readonly #close = (): void => {
    if (!this.#req.complete) this.#fail(new BodyError('client_left'));
  };
}

function ignore(): void {
  // `close` follows and is handled.
}
