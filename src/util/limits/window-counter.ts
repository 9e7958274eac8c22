interface Window {
  count: number;
  until: number;
}

/** Counts events by key within a window that starts at the first event. Beyond `maxKeys`, the oldest key is evicted. */
export class WindowCounter {
  readonly #windows = new Map<string, Window>();
  readonly #now: () => number;
  readonly #maxKeys: number;

  constructor(now: () => number, maxKeys = 10_000) {
    this.#now = now;
    this.#maxKeys = maxKeys;
  }

  /** `window` in milliseconds. */
  add(key: string, window: number): { count: number; resetsIn: number } {
    const now = this.#now();
    let entry = this.#windows.get(key);
    if (entry === undefined || entry.until <= now) {
      this.#windows.delete(key);
      entry = { count: 0, until: now + window };
      this.#windows.set(key, entry);
      this.#shrink();
    }
    // If the clock was set back, the window ends after its length at the latest.
    entry.until = Math.min(entry.until, now + window);
    entry.count += 1;
    return { count: entry.count, resetsIn: entry.until - now };
  }

  /** Raises an active count to the count of another replica. */
  raise(key: string, count: number): void {
    const entry = this.#windows.get(key);
    if (entry !== undefined && count > entry.count) entry.count = count;
  }

  #shrink(): void {
    if (this.#windows.size <= this.#maxKeys) return;
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}
