import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { DecisionRecord } from '../../core/records/decision-record.ts';
import { sizeOf, sizeOfCredential } from './decision-record.ts';

interface Entry {
  readonly record: DecisionRecord;
  /** Without the credential. */
  readonly bytes: number;
  /** The order of all records of the process. */
  readonly sequence: number;
}

/** A credential, which counts once for all its records. */
interface SharedCredential {
  readonly bytes: number;
  records: number;
}

/** The latest records, at most `maxRecords` and at most about `maxBytes`. */
export class RecordRing {
  readonly #entries: (Entry | undefined)[];
  readonly #maxBytes: number;
  readonly #credentials = new Map<VerifiedCredential, SharedCredential>();
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

  add(record: DecisionRecord, sequence: number): void {
    if (this.#count === this.#entries.length) this.#drop();
    const bytes = sizeOf(record);
    this.#entries[(this.#oldest + this.#count) % this.#entries.length] = { record, bytes, sequence };
    this.#count += 1;
    this.#bytes += bytes;
    this.#share(record.verified);
    while (this.#bytes > this.#maxBytes) this.#drop();
  }

  entries(): readonly Entry[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }

  #drop(): void {
    const entry = this.#entries[this.#oldest];
    if (entry === undefined) return;
    this.#entries[this.#oldest] = undefined;
    this.#oldest = (this.#oldest + 1) % this.#entries.length;
    this.#count -= 1;
    this.#bytes -= entry.bytes;
    this.#release(entry.record.verified);
  }

  #share(credential: VerifiedCredential | undefined): void {
    if (credential === undefined) return;
    const shared = this.#credentials.get(credential);
    if (shared !== undefined) {
      shared.records += 1;
      return;
    }
    const bytes = sizeOfCredential(credential);
    this.#credentials.set(credential, { bytes, records: 1 });
    this.#bytes += bytes;
  }

  #release(credential: VerifiedCredential | undefined): void {
    const shared = credential && this.#credentials.get(credential);
    if (credential === undefined || shared === undefined) return;
    shared.records -= 1;
    if (shared.records > 0) return;
    this.#credentials.delete(credential);
    this.#bytes -= shared.bytes;
  }
}
