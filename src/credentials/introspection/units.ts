import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/ports.ts';
import { HeldUnits } from '../../util/limits/held-units.ts';

/** Permission for one introspection request; settled exactly once. */
export interface Permit {
  readonly kind: 'first' | 'renewal';
  readonly network: string;
  /** All keys that hold the unit. */
  readonly keys: readonly string[];
}

/** The unit of a request that GitLab refused, or may have refused. */
interface Counted {
  readonly permit: Permit;
  /** Milliseconds. */
  readonly window: number;
  /** Milliseconds since the epoch. */
  end: number;
}

/** Held units, in total and by key. */
export interface HeldView {
  /** In flight (first uses only) and counted. */
  readonly total: number;
  readonly renewing: number;
  of(key: string): number;
}

/** Milliseconds for which a confirmed credential gives its address access to the reserve. */
const PROVEN_FOR = 24 * 3_600_000;
const MAX_PROVEN = 10_000;

/**
 * The units of introspection requests for one credential class at one GitLab. All issuers with this GitLab share
 * them, and a reload keeps them: GitLab counts failures by the address of the gateway.
 */
export class IntrospectionUnits {
  readonly #clock: Clock;
  readonly #flying = new HeldUnits();
  readonly #settled = new HeldUnits();
  /** First to end first; at most as many as there are units. */
  readonly #counted: Counted[] = [];
  /** By address: time of the last confirmed credential. Unknown credentials cannot evict entries. */
  readonly #proven = new LRUCache<string, number>({ max: MAX_PROVEN });
  #expiredAt = Number.NEGATIVE_INFINITY;
  readonly #inFlight = { first: 0, renewal: 0 };
  /** All held units. */
  readonly held: HeldView;
  /** The units that remain if GitLab confirms every request in flight. */
  readonly lasting: HeldView;

  constructor(clock: Clock) {
    this.#clock = clock;
    const [counted, flying, settled, inFlight] = [this.#counted, this.#flying, this.#settled, this.#inFlight];
    this.held = {
      get total() {
        return counted.length + inFlight.first;
      },
      get renewing() {
        return inFlight.renewal;
      },
      of: (key) => settled.of(key) + flying.of(key),
    };
    this.lasting = {
      get total() {
        return counted.length;
      },
      renewing: 0,
      of: (key) => settled.of(key),
    };
  }

  inFlight(kind: Permit['kind']): number {
    return this.#inFlight[kind];
  }

  begin(permit: Permit): Permit {
    this.#inFlight[permit.kind] += 1;
    for (const key of permit.keys) this.#flying.add(key);
    return permit;
  }

  /** Releases the unit, or counts it for `window` milliseconds. */
  end(permit: Permit, window: number | undefined): void {
    this.#inFlight[permit.kind] -= 1;
    for (const key of permit.keys) this.#flying.remove(key);
    if (window === undefined) return;
    for (const key of permit.keys) this.#settled.add(key);
    const counted = { permit, window, end: this.#clock.now() + window };
    const after = this.#counted.findLastIndex(({ end }) => end <= counted.end);
    this.#counted.splice(after + 1, 0, counted);
  }

  /** Releases the units whose window has ended. Returns the current time. */
  expire(): number {
    const now = this.#clock.now();
    // If the clock was set back, the window restarts; otherwise it could last longer.
    const setBack = now < this.#expiredAt;
    this.#expiredAt = now;
    if (setBack) {
      for (const counted of this.#counted) counted.end = Math.min(counted.end, now + counted.window);
      this.#counted.sort((a, b) => a.end - b.end);
    }
    for (let first = this.#counted[0]; first !== undefined && first.end <= now; first = this.#counted[0]) {
      this.#counted.shift();
      for (const key of first.permit.keys) this.#settled.remove(key);
    }
    return now;
  }

  /** Milliseconds until a counted unit returns: one of this network, or any. */
  nextReturn(now: number, network?: string): number | undefined {
    const next = this.#counted.find(({ permit }) => network === undefined || permit.keys.includes(network));
    return next === undefined ? undefined : next.end - now;
  }

  prove(network: string): void {
    this.#proven.set(network, this.#clock.now());
  }

  isProven(network: string, now: number): boolean {
    const at = this.#proven.get(network);
    return at !== undefined && now - at < PROVEN_FOR;
  }
}
