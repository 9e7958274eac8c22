import { LimitedKey, type Peers } from './limited-key.ts';

/** Milliseconds between searches for idle keys while the table is full. */
const SEARCH_PAUSE = 1_000;

/**
 * Keys by name. Beyond `max` keys in use, new names share one key: they are limited together, and a flood of names
 * neither takes memory nor resets the key of another name.
 */
export class KeyTable {
  readonly #keys = new Map<string, LimitedKey>();
  readonly #max: number;
  readonly #peersOf: (name: string) => Peers;
  #searchedAt = -Infinity;

  constructor(max: number, peersOf: (name: string) => Peers) {
    this.#max = max;
    this.#peersOf = peersOf;
  }

  get(name: string, now: number): LimitedKey {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    if (this.#keys.size >= this.#max && Math.abs(now - this.#searchedAt) >= SEARCH_PAUSE)
      this.removeIdle(now);
    const stored = this.#keys.size < this.#max ? name : SHARED;
    const key = this.#keys.get(stored) ?? new LimitedKey(this.#peersOf(stored));
    this.#keys.set(stored, key);
    return key;
  }

  entries(): IterableIterator<[string, LimitedKey]> {
    return this.#keys.entries();
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Removes the keys that a new key would replace without an effect. */
  removeIdle(now: number): void {
    this.#searchedAt = now;
    for (const [name, key] of this.#keys) if (key.isIdle(now)) this.#keys.delete(name);
  }
}

/** No configured name and no address contains a space. */
const SHARED = 'all further ones';
