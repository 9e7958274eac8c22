/** After consecutive failures, refuses calls for a pause, then allows one trial call. */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #failures: number;
  readonly #pause: number;
  #consecutive = 0;
  #openUntil = 0;

  /** `failures` consecutive failures open it for `pause` milliseconds. */
  constructor(now: () => number, failures: number, pause: number) {
    this.#now = now;
    this.#failures = failures;
    this.#pause = pause;
  }

  get isOpen(): boolean {
    return this.#now() < this.#openUntil;
  }

  get isFailing(): boolean {
    return this.#consecutive > 0;
  }

  /** `refused` creates the error for refused calls. */
  async run<T>(call: () => Promise<T>, refused: () => Error): Promise<T> {
    if (this.isOpen) throw refused();
    // A trial call: other calls are refused until its outcome is known.
    if (this.#consecutive >= this.#failures) this.#openUntil = this.#now() + this.#pause;
    try {
      const result = await call();
      this.#consecutive = 0;
      this.#openUntil = 0;
      return result;
    } catch (error) {
      this.#consecutive += 1;
      if (this.#consecutive >= this.#failures) this.#openUntil = this.#now() + this.#pause;
      throw error;
    }
  }
}
