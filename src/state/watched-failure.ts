import type { Log } from '../core/ports.ts';

/** Logs the start of a failure once, and the recovery once. */
export class WatchedFailure {
  readonly #what: string;
  readonly #log: Log;
  #failing = false;

  constructor(what: string, log: Log) {
    this.#what = what;
    this.#log = log;
  }

  failed(code: string): void {
    if (!this.#failing) this.#log.error(`${this.#what} cannot be reached`, { code });
    this.#failing = true;
  }

  recovered(): void {
    if (this.#failing) this.#log.info(`${this.#what} can be reached again`);
    this.#failing = false;
  }
}
