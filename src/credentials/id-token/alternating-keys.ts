import type { KeyTiming } from '../settings.ts';
import type { KeyHandle } from './read-key-set.ts';

interface Sighting {
  handle: KeyHandle;
  /** Time of the last fetched set that contained the key. */
  seenAt: number;
  missing: boolean;
  /** Time at which the key was in a set again after one without it. */
  returnedAt: number | undefined;
}

/** Records of keys that are no longer published, at most. */
const MAX_RECORDS = 200;

/**
 * Recognizes an issuer whose nodes publish different key sets: a key that was missing returns within the stale limit. Such
 * a key stays usable for `refresh` after it was last published, which is also the longest use of a withdrawn key. A
 * key that was never missing is withdrawn by the first set without it.
 */
export class AlternatingKeys {
  readonly #timing: Pick<KeyTiming, 'refresh' | 'staleLimit'>;
  readonly #records = new Map<string, Sighting>();

  constructor(timing: Pick<KeyTiming, 'refresh' | 'staleLimit'>) {
    this.#timing = timing;
  }

  /** The usable keys after a fetch: the fetched set, and alternating keys that were published recently. */
  merge(fetched: readonly KeyHandle[], now: number): readonly KeyHandle[] {
    const published = new Set(fetched.map(({ fingerprint }) => fingerprint));
    for (const handle of fetched) this.#note(handle, now);
    const kept: KeyHandle[] = [];
    for (const [fingerprint, record] of this.#records) {
      record.missing = !published.has(fingerprint);
      if (!isWithin(record.seenAt, this.#timing.staleLimit, now)) this.#records.delete(fingerprint);
      else if (record.missing && this.#alternates(record, now) && record.handle.alive) {
        if (isWithin(record.seenAt, this.#timing.refresh, now)) kept.push(record.handle);
      }
    }
    this.#limit();
    return [...fetched, ...kept];
  }

  /** Whether the nodes of the issuer have published different sets within the stale limit. */
  active(now: number): boolean {
    return [...this.#records.values()].some((record) => this.#alternates(record, now));
  }

  /** Whether the key id was missing and returned, so that its absence is not a withdrawal. */
  includes(kid: string, now: number): boolean {
    return [...this.#records.values()].some(
      (record) => record.handle.kid === kid && this.#alternates(record, now),
    );
  }

  #note(handle: KeyHandle, now: number): void {
    const record = this.#records.get(handle.fingerprint);
    if (record === undefined) {
      this.#records.set(handle.fingerprint, { handle, seenAt: now, missing: false, returnedAt: undefined });
      return;
    }
    if (record.missing) record.returnedAt = now;
    if (!record.handle.alive) record.handle = handle;
    record.seenAt = now;
  }

  #alternates({ returnedAt }: Sighting, now: number): boolean {
    return returnedAt !== undefined && isWithin(returnedAt, this.#timing.staleLimit, now);
  }

  #limit(): void {
    for (const [fingerprint, { missing }] of this.#records) {
      if (this.#records.size <= MAX_RECORDS) return;
      if (missing) this.#records.delete(fingerprint);
    }
  }
}

/** False for a time in the future: the clock was set back. */
function isWithin(at: number, limit: number, now: number): boolean {
  const age = now - at;
  return age >= 0 && age <= limit;
}
