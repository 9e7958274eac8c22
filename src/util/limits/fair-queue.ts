interface Waiting<T> {
  readonly attempt: () => T | undefined;
  readonly end: (result: T | NotServed) => void;
}

/** `full`: the queue has no place for this key. `expired`: the waiting time ended. */
export type NotServed = 'full' | 'expired';

/**
 * A bounded queue that serves its keys in turn, so that a key with many calls does not delay the others. If it is
 * full, the key with the most calls loses its last one to a key with fewer (longest queue drop).
 */
export class FairQueue<T> {
  readonly #byKey = new Map<string, Waiting<T>[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * Calls `attempt` until it returns a result: at once, unless calls of the same key are waiting, and then in
   * `serve`. `wait` in milliseconds.
   */
  run(
    key: string,
    attempt: () => T | undefined,
    { places, wait }: { readonly places: number; readonly wait: number },
  ): T | NotServed | Promise<T | NotServed> {
    const before = this.#byKey.get(key);
    const result = before === undefined ? attempt() : undefined;
    if (result !== undefined) return result;
    if (this.#size >= places && !this.#dropFor(before?.length ?? 0)) return 'full';
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#remove(key, waiting);
        resolve('expired');
      }, wait).unref();
      const end = (ended: T | NotServed): void => {
        clearTimeout(timer);
        resolve(ended);
      };
      const waiting = { attempt, end };
      if (before === undefined) this.#byKey.set(key, [waiting]);
      else before.push(waiting);
      this.#size += 1;
    });
  }

  /** Serves the waiting calls whose attempt succeeds now, one of each key in turn. */
  serve(): void {
    // A key that was served and has further calls is last again, and this loop reaches it again.
    for (const [key, [first]] of this.#byKey) {
      const result = first?.attempt();
      if (first === undefined || result === undefined) continue;
      this.#remove(key, first);
      const rest = this.#byKey.get(key);
      if (rest !== undefined) {
        this.#byKey.delete(key);
        this.#byKey.set(key, rest);
      }
      first.end(result);
    }
  }

  /** Drops the last call of the longest key, if a further call of a key with `waiting` calls is fairer. */
  #dropFor(waiting: number): boolean {
    let [longest, calls]: [string, readonly Waiting<T>[]] = ['', []];
    for (const each of this.#byKey) if (each[1].length > calls.length) [longest, calls] = each;
    const last = calls.at(-1);
    if (last === undefined || calls.length <= waiting + 1) return false;
    this.#remove(longest, last);
    last.end('full');
    return true;
  }

  #remove(key: string, waiting: Waiting<T>): void {
    const list = this.#byKey.get(key);
    const at = list?.indexOf(waiting) ?? -1;
    if (list === undefined || at < 0) return;
    list.splice(at, 1);
    this.#size -= 1;
    if (list.length === 0) this.#byKey.delete(key);
  }
}
