import type { Clock } from '../../core/ports.ts';
import type { Revocation } from '../../core/credentials/revocation.ts';
import { ExpiryBuckets } from '../../util/limits/expiry-buckets.ts';
import { HolderQuota } from './holder-quota.ts';
import { endOf, RevocationIndex } from './index-by-target.ts';

/** Clocks of other replicas may be behind. */
const MARGIN = 5 * 60_000;

/** The entries in memory with all that is derived from them. Each change costs the same, however many there are. */
export class RevocationList {
  readonly index = new RevocationIndex();
  readonly quota: HolderQuota;
  readonly #expiry = new ExpiryBuckets();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.quota = new HolderQuota(clock);
  }

  /** An entry that is there already stays as it is: none ever changes. */
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

  /** At most `limit` of those that have ended on every replica. */
  ended(limit: number): readonly string[] {
    return this.#expiry.ended(this.#clock.now() - MARGIN, limit);
  }
}
