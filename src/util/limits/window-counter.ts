import { BoundedMap } from './bounded-map.ts';

interface Window {
  count: number;
  until: number;
  /** The counted members; undefined without any. */
  members?: Set<string>;
}

/** Counts events by key within a window that starts at the first event. Beyond `maxKeys`, the oldest key is evicted. */
export class WindowCounter {
  readonly #windows: BoundedMap<string, Window>;
  readonly #now: () => number;

  constructor(now: () => number, maxKeys = 10_000) {
    this.#now = now;
    this.#windows = new BoundedMap(maxKeys);
  }

  /** `window` in milliseconds. An event with the `member` of an earlier event of the window is not counted. */
  add(key: string, window: number, member?: string): Counted {
    const now = this.#now();
    let entry = this.#windows.get(key);
    if (entry === undefined || entry.until <= now) {
      this.#windows.delete(key);
      entry = { count: 0, until: now + window };
      this.#windows.set(key, entry);
    }
    // If the clock was set back, the window ends after its length at the latest.
    entry.until = Math.min(entry.until, now + window);
    const repeated = member !== undefined && isRepeated(entry, member);
    if (!repeated) entry.count += 1;
    return { count: entry.count, resetsIn: entry.until - now, repeated };
  }

  /** Raises an active count to the count of another replica. */
  raise(key: string, count: number): void {
    const entry = this.#windows.get(key);
    if (entry !== undefined && count > entry.count) entry.count = count;
  }
}

interface Counted {
  readonly count: number;
  /** Milliseconds. */
  readonly resetsIn: number;
  /** The event was not counted. */
  readonly repeated: boolean;
}

/** Further members of one window are counted each time. */
const MAX_MEMBERS = 50;

function isRepeated(entry: Window, member: string): boolean {
  entry.members ??= new Set();
  if (entry.members.has(member)) return true;
  if (entry.members.size < MAX_MEMBERS) entry.members.add(member);
  return false;
}
