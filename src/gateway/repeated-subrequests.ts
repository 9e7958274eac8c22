import { hash } from 'node:crypto';
import type { RequestContext } from './request-context.ts';

/** Milliseconds; more than a proxy waits for a response. */
const HOLD = 15_000;
const MAX_HELD = 1_000;

interface Held {
  readonly context: RequestContext;
  readonly timer: NodeJS.Timeout;
}

/**
 * Holds the ends of subrequests without a response. HAProxy sends such a subrequest again, up to three times, and a
 * request of a client is counted and audited once: a repetition replaces the held end.
 */
export class RepeatedSubrequests {
  readonly #ports: RepetitionPorts;
  readonly #held = new Map<string, Held>();
  #draining = false;

  constructor(ports: RepetitionPorts) {
    this.#ports = ports;
  }

  ended(context: RequestContext): void {
    const { subrequest } = context.incoming;
    if (subrequest === undefined) return this.#ports.ended(context);
    if (context.status !== 0) {
      if (this.#held.size > 0) this.#drop(keyOf(context));
      return this.#ports.ended(context);
    }
    const key = keyOf(context);
    this.#drop(key);
    if (this.#held.size >= MAX_HELD) return this.#ports.ended(context);
    const timer = setTimeout(() => this.#release(key), HOLD);
    timer.unref();
    this.#held.set(key, { context, timer });
    this.settle();
  }

  /** Ends the held subrequests as soon as no other request is in flight: until then, one can be a repetition. */
  drain(): void {
    this.#draining = true;
    this.settle();
  }

  /** Called when a request has ended. */
  settle(): void {
    if (!this.#draining || this.#ports.inFlight() > this.#held.size) return;
    for (const key of this.#held.keys()) this.#release(key);
  }

  #drop(key: string): void {
    const held = this.#take(key);
    if (held !== undefined) this.#ports.repeated(held);
  }

  #release(key: string): void {
    const held = this.#take(key);
    if (held !== undefined) this.#ports.ended(held);
  }

  #take(key: string): RequestContext | undefined {
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    clearTimeout(held.timer);
    this.#held.delete(key);
    return held.context;
  }
}

interface RepetitionPorts {
  ended(context: RequestContext): void;
  /** The subrequest continues as another one. */
  repeated(context: RequestContext): void;
  /** The number of requests in flight, held ones included. */
  inFlight(): number;
}

/**
 * Equal for subrequests that describe the same request of the same client in the same bytes. A hash, because the headers
 * contain secrets.
 */
function keyOf({ incoming: { original, client } }: RequestContext): string {
  const { method = '', url = '', rawHeaders } = original;
  return hash('sha256', JSON.stringify([method, url, rawHeaders, client.address, client.proto]));
}
