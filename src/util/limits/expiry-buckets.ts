/** Milliseconds. */
const BUCKET = 60_000;

/** Ids grouped by the minute in which they expire: adding and removing take constant time. */
export class ExpiryBuckets {
  readonly #buckets = new Map<number, Set<string>>();
  /** Lower bound of the buckets. */
  #first = Infinity;

  /** `end` in milliseconds since the epoch; an infinite end is ignored. */
  add(id: string, end: number): void {
    if (!Number.isFinite(end)) return;
    const bucket = Math.ceil(end / BUCKET);
    const ids = this.#buckets.get(bucket);
    if (ids === undefined) this.#buckets.set(bucket, new Set([id]));
    else ids.add(id);
    this.#first = Math.min(this.#first, bucket);
  }

  delete(id: string, end: number): void {
    const bucket = Math.ceil(end / BUCKET);
    const ids = this.#buckets.get(bucket);
    if (ids?.delete(id) === true && ids.size === 0) this.#buckets.delete(bucket);
  }

  /** At most `limit` expired ids, with a precision of one minute. They stay until they are deleted. */
  ended(now: number, limit: number): readonly string[] {
    if (this.#first * BUCKET > now) return [];
    const found: string[] = [];
    let first = Infinity;
    for (const [bucket, ids] of this.#buckets) {
      first = Math.min(first, bucket);
      if (bucket * BUCKET > now) continue;
      for (const id of ids) {
        if (found.length === limit) break;
        found.push(id);
      }
    }
    this.#first = first;
    return found;
  }
}
