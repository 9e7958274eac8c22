import type { DecisionRecord } from '../../core/decision-record.ts';

interface Entry {
  readonly record: DecisionRecord;
  readonly bytes: number;
  /** The order of all records of the process. */
  readonly sequence: number;
}

/** The latest records, at most `maxRecords` and at most `maxBytes`. */
export class RecordRing {
  readonly #entries: (Entry | undefined)[];
  readonly #maxBytes: number;
  #oldest = 0;
  #count = 0;
  #bytes = 0;

  constructor(limits: { readonly maxRecords: number; readonly maxBytes: number }) {
    this.#entries = Array.from({ length: limits.maxRecords });
    this.#maxBytes = limits.maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(entry: Entry): void {
    if (entry.bytes > this.#maxBytes) return;
    while (this.#count === this.#entries.length || this.#bytes + entry.bytes > this.#maxBytes) this.#drop();
    this.#entries[(this.#oldest + this.#count) % this.#entries.length] = entry;
    this.#count += 1;
    this.#bytes += entry.bytes;
  }

  entries(): readonly Entry[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }

  #drop(): void {
    this.#bytes -= this.#entries[this.#oldest]?.bytes ?? 0;
    this.#entries[this.#oldest] = undefined;
    this.#oldest = (this.#oldest + 1) % this.#entries.length;
    this.#count -= 1;
  }
}
