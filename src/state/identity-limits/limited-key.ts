import type { ExhaustedLimit, RequestLimits } from '../../core/identity-limits.ts';
import { allotmentOf } from './allotment.ts';

/** The use of a key at the other replicas. */
export type Peers =
  | {
      readonly kind: 'reported';
      /** Requests per second that arrive at each replica. */
      readonly demands: readonly number[];
      readonly inFlight: number;
    }
  /** The replicas cannot exchange reports: each has an equal part of the limits. */
  | { readonly kind: 'unreported'; readonly replicas: number };

export const NO_PEERS: Peers = { kind: 'reported', demands: [], inFlight: 0 };

/** A limit that admits no request now. */
export interface ReachedLimit {
  readonly limit: ExhaustedLimit;
  /** Milliseconds until a request can be admitted, as far as it is known. */
  readonly wait: number;
}

/** Milliseconds. A place becomes free when a request ends, which is not known in advance. */
const WAIT_FOR_A_PLACE = 1_000;

/**
 * The requests of one key: a token bucket, and the number in flight. The bucket holds the requests of one second, at
 * least one. The limits are parameters because a reload changes them while requests are in flight.
 */
export class LimitedKey {
  #peers: Peers;
  /** Undefined: the bucket is full. */
  #tokens: number | undefined;
  #at = 0;
  #inFlight = 0;
  #arrivals = 0;
  #demand = 0;
  #rate = 0;
  /** The limit for which `#rate` was computed. */
  #rateOf: number | undefined;

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** Counts an arrival, and returns the limit that refuses it. `take` follows if no limit does. */
  exhausted({ requestsPerSecond, concurrent }: RequestLimits, now: number): ReachedLimit | undefined {
    this.#arrivals += 1;
    if (concurrent !== undefined && this.#inFlight >= this.#places(concurrent))
      return { limit: 'concurrent', wait: WAIT_FOR_A_PLACE };
    if (requestsPerSecond === undefined) return undefined;
    const tokens = this.#refill(requestsPerSecond, now);
    if (tokens >= 1) return undefined;
    return { limit: 'requestsPerSecond', wait: ((1 - tokens) / this.#rate) * 1_000 };
  }

  /** `inFlight`: `release` follows. */
  take({ requestsPerSecond }: RequestLimits, inFlight: boolean): void {
    if (requestsPerSecond !== undefined && this.#tokens !== undefined) this.#tokens -= 1;
    if (inFlight) this.#inFlight += 1;
  }

  release(): void {
    this.#inFlight -= 1;
  }

  /** What this replica reports to the others, from the arrivals since the last call. */
  report(elapsed: number): { readonly demand: number; readonly inFlight: number } {
    const current = (this.#arrivals * 1_000) / elapsed;
    this.#arrivals = 0;
    // Half of the last demand remains, so that a short pause does not move the whole rate to another replica.
    const demand = Math.max(current, this.#demand / 2);
    this.#demand = demand < NEGLIGIBLE ? 0 : demand;
    return { demand: this.#demand, inFlight: this.#inFlight };
  }

  /** Tokens of the time before are counted at the previous part of the rate. */
  setPeers(peers: Peers, now: number): void {
    if (peers === this.#peers) return;
    if (this.#rateOf !== undefined) this.#refill(this.#rateOf, now);
    this.#peers = peers;
    if (this.#rateOf !== undefined) this.#rate = this.#rateFor(this.#rateOf);
  }

  /** Whether a new key would behave the same. */
  isIdle(now: number): boolean {
    if (this.#inFlight > 0 || this.#demand > 0) return false;
    return this.#rateOf === undefined || this.#refill(this.#rateOf, now) >= Math.max(1, this.#rate);
  }

  #refill(limit: number, now: number): number {
    if (this.#rateOf !== limit) {
      this.#rateOf = limit;
      this.#rate = this.#rateFor(limit);
    }
    const burst = Math.max(1, this.#rate);
    // A clock that was set back adds no tokens.
    const earned = (Math.max(0, now - this.#at) * this.#rate) / 1_000;
    this.#tokens = this.#tokens === undefined ? burst : Math.min(burst, this.#tokens + earned);
    this.#at = now;
    return this.#tokens;
  }

  #rateFor(limit: number): number {
    return this.#peers.kind === 'reported'
      ? allotmentOf(limit, this.#peers.demands)
      : limit / this.#peers.replicas;
  }

  /** The number of requests that this replica may have in flight. */
  #places(limit: number): number {
    return this.#peers.kind === 'reported'
      ? limit - this.#peers.inFlight
      : Math.max(1, Math.floor(limit / this.#peers.replicas));
  }
}

/** Requests per second. */
const NEGLIGIBLE = 0.05;
