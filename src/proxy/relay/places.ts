import type { Forwarding } from '../../core/request/forwarding.ts';
import type { QueueMeter } from '../../core/operation/meter.ts';
import { LiveMap } from '../../util/resources/live-map.ts';
import { internalFault } from '../transport/upstream-fault.ts';

interface PlacesSettings {
  /** Name of the service. */
  readonly name: string;
  /** Maximum number of requests in flight. */
  readonly max: number;
  /** Milliseconds. */
  readonly queueTimeout: number;
}

type Start = (forwarding: Forwarding) => void;

interface Waiting {
  readonly start: Start;
  readonly leave: () => void;
}

/** The places for requests in flight at one upstream, and the queue of the requests that wait for one. */
export class Places {
  readonly #settings: PlacesSettings;
  readonly #meter: QueueMeter | undefined;
  #taken = 0;
  readonly #queue = new LiveMap<Forwarding, Waiting>();
  #draining = false;

  constructor(settings: PlacesSettings, meter: QueueMeter | undefined) {
    this.#settings = settings;
    this.#meter = meter;
  }

  /** A request does not overtake those that wait. */
  available(): boolean {
    return this.#taken < this.#settings.max && this.#queue.size === 0;
  }

  take(): void {
    this.#taken += 1;
  }

  free(): void {
    this.#taken -= 1;
    if (this.#queue.size === 0 || this.#draining) return;
    // A request that takes its place again, with a new credential for example, goes first.
    this.#draining = true;
    queueMicrotask(() => this.#drain());
  }

  /** Starts the request when a place is free, or fails it after `queueTimeout`. The client's body stays unread. */
  wait(forwarding: Forwarding, start: Start): void {
    const { name, queueTimeout } = this.#settings;
    const overloaded = (): void =>
      forwarding.failed('overloaded', `${this.#taken} requests in flight at ${name}`);
    if (queueTimeout === 0) return overloaded();
    const { res } = forwarding.incoming;
    const since = performance.now();
    const leave = (): void => {
      clearTimeout(timer);
      res.off('close', leave);
      this.#queue.delete(forwarding);
      this.#meter?.waited(name, (performance.now() - since) / 1000);
    };
    const timer = setTimeout(() => {
      leave();
      overloaded();
    }, queueTimeout);
    this.#queue.set(forwarding, { start, leave });
    res.on('close', leave);
  }

  #drain(): void {
    this.#draining = false;
    while (this.#taken < this.#settings.max) {
      const first = this.#queue.oldest();
      if (first === undefined) return;
      const [forwarding, { start, leave }] = first;
      leave();
      try {
        start(forwarding);
      } catch (error) {
        // The pipeline, which fails closed, is no longer on the stack.
        const { reason, detail } = internalFault(error);
        forwarding.failed(reason, detail);
      }
    }
  }
}
