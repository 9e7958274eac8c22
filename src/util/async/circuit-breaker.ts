/**
 * Stops calling what keeps failing: after some failures in a row, calls are refused at once for a while, then one is
 * let through to see.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #failures: number;
  readonly #pause: number;
  #inARow = 0;
  #openUntil = 0;

  /** `failures` in a row open it for `pause` milliseconds. */
  constructor(now: () => number, failures: number, pause: number) {
    this.#now = now;
    this.#failures = failures;
    this.#pause = pause;
  }

  get isOpen(): boolean {
    return this.#now() < this.#openUntil;
  }

  get isFailing(): boolean {
    return this.#inARow > 0;
  }

  /** `refused` makes the error for calls that are not made. */
  async run<T>(call: () => Promise<T>, refused: () => Error): Promise<T> {
    if (this.isOpen) throw refused();
    // Others wait for the outcome of this one.
    if (this.#inARow >= this.#failures) this.#openUntil = this.#now() + this.#pause;
    try {
      const result = await call();
      this.#inARow = 0;
      this.#openUntil = 0;
      return result;
    } catch (error) {
      this.#inARow += 1;
      if (this.#inARow >= this.#failures) this.#openUntil = this.#now() + this.#pause;
      throw error;
    }
  }
}
