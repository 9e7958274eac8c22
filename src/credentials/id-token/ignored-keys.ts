import type { Log } from '../../core/ports.ts';
import type { KeySetFailure } from './key-set-failure.ts';
import { readKeySet, type KeySetForm, type PublishedKeys } from './read-key-set.ts';

/** Logs each ignored key of an issuer once, and again only if the issuer stops and restarts publishing it. */
export class IgnoredKeys {
  readonly #issuer: string;
  readonly #log: Log;
  /** Ignored keys of the last document, as key id and reason. */
  #last: ReadonlySet<string> = new Set();

  constructor(issuer: string, log: Log) {
    this.#issuer = issuer;
    this.#log = log;
  }

  read(document: unknown, form: KeySetForm): PublishedKeys | KeySetFailure {
    const ignored = new Set<string>();
    const result = readKeySet(
      document,
      (kid, reason) => {
        const key = `${kid}\n${reason}`;
        if (!ignored.has(key) && !this.#last.has(key)) {
          this.#log.warn('signing key ignored', { issuer: this.#issuer, kid, reason });
        }
        ignored.add(key);
      },
      form,
    );
    this.#last = ignored;
    return result;
  }
}
