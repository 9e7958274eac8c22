/** Allows `burst` calls at once, and `perSecond` in the long run. */
export class TokenBucket {
  readonly #perMillisecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  constructor(limits: { readonly perSecond: number; readonly burst: number }, now: () => number) {
    this.#perMillisecond = limits.perSecond / 1000;
    this.#burst = limits.burst;
    this.#now = now;
    this.#left = limits.burst;
    this.#at = now();
  }

  /** False if the bucket is empty. */
  take(): boolean {
    if (!this.ready()) return false;
    this.#left -= 1;
    return true;
  }

  /** Whether `take` would succeed. */
  ready(): boolean {
    const now = this.#now();
    // A clock that was set back adds no tokens; the next interval starts at its current time.
    const earned = Math.max(0, now - this.#at) * this.#perMillisecond;
    this.#left = Math.min(this.#burst, this.#left + earned);
    this.#at = now;
    return this.#left >= 1;
  }
}
