import type { Clock } from '../core/ports.ts';
import type { StoreHealth } from '../core/store.ts';

/** The number of failed calls to a store, and the times of the last success and the last failure. */
export class CallRecord {
  readonly #clock: Clock;
  #errors = 0;
  #lastSuccess: number | undefined;
  #lastError: StoreHealth['lastError'];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  succeeded(): void {
    this.#lastSuccess = this.#clock.now();
  }

  /** `detail` is readable without a token. */
  failed(detail: string): void {
    this.#errors += 1;
    this.#lastError = { at: this.#clock.now(), detail };
  }

  get status(): Pick<StoreHealth, 'errors' | 'lastSuccess' | 'lastError'> {
    return { errors: this.#errors, lastSuccess: this.#lastSuccess, lastError: this.#lastError };
  }
}
