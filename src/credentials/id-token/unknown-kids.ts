import { BoundedSet } from '../../util/limits/bounded-set.ts';
import { TokenBucket } from '../../util/limits/token-bucket.ts';

/** Fetches at once for new key ids: a rotation does not wait because of an invented key id. */
const BURST = 2;
/** Milliseconds. A key set that a cache serves is often renewed soon after the rotation. */
const FIRST_RETRY = 2_000;
const MAX_KIDS = 1_000;

/**
 * Decides when an unknown key id causes a fetch. Clients can send arbitrary key ids, so fetches are bounded: `BURST`, then
 * one per cooldown for new key ids, and retries 2, 4, 8 … seconds after each of them, up to the cooldown.
 */
export class UnknownKids {
  readonly #cooldown: number;
  readonly #fetched = new BoundedSet(MAX_KIDS);
  #firsts: TokenBucket | undefined;
  #now = 0;
  #lastFetch = Number.NEGATIVE_INFINITY;
  #interval = 0;

  /** `cooldown` in milliseconds. */
  constructor(cooldown: number) {
    this.#cooldown = cooldown;
  }

  /** Milliseconds to the next fetch, or 0: the caller fetches now. */
  wait(kid: string, now: number): number {
    this.#now = now;
    const since = now - this.#lastFetch;
    // A negative value means that the clock was set back, which must not prevent fetches.
    const first = this.#takeFirst(kid);
    if (!first && since >= 0 && since < this.#interval) return this.#interval - since;
    this.#interval = Math.min(this.#cooldown, first ? FIRST_RETRY : this.#interval * 2);
    this.#fetched.add(kid);
    this.#lastFetch = now;
    return 0;
  }

  #takeFirst(kid: string): boolean {
    if (this.#fetched.has(kid)) return false;
    this.#firsts ??= new TokenBucket({ perSecond: 1000 / this.#cooldown, burst: BURST }, () => this.#now);
    return this.#firsts.take();
  }
}
