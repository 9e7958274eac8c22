import type { Clock } from '../../core/ports.ts';
import type { Revocation } from '../../core/credentials/revocation.ts';
import { ExpiryBuckets } from '../../util/limits/expiry-buckets.ts';
import { HolderQuota } from './holder-quota.ts';
import { CLOCK_MARGIN, endOf, RevocationIndex } from './index-by-target.ts';

/** The entries in memory and the indexes derived from them. Each change takes constant time. */
export class RevocationList {
  readonly index = new RevocationIndex();
  readonly quota: HolderQuota;
  readonly #expiry = new ExpiryBuckets();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.quota = new HolderQuota(clock);
  }

  /** Ignores an entry that exists already, because entries are immutable. */
  add(revocation: Revocation): void {
    if (!this.index.put(revocation)) return;
    this.#expiry.add(revocation.id, endOf(revocation));
    this.quota.added(revocation);
  }

  remove(id: string): void {
    const revocation = this.index.get(id);
    if (revocation === undefined) return;
    this.index.remove(id);
    this.#expiry.delete(id, endOf(revocation));
    this.quota.removed(revocation);
  }

  /** At most `limit` entries that have expired on every replica, unless the clock of this one is far ahead. */
  ended(limit: number): readonly Revocation[] {
    const ids = this.#expiry.ended(this.#clock.now() - CLOCK_MARGIN, limit);
    return ids.flatMap((id) => this.index.get(id) ?? []);
  }
}
