import type { Clock, Log } from '../../core/ports.ts';
import type { Revocation } from '../../core/credentials/revocation.ts';
import type { RevocationsRead, Store } from '../../core/store.ts';
import type { RevocationList } from './list.ts';

/** Expired entries removed per synchronization, so that many simultaneous expiries do not delay requests. */
const MAX_REMOVED = 100;

export interface RevocationSync {
  /** Updates the list from the store. Rejects with `store_unavailable`. */
  read(): Promise<void>;
  /** Removes some of the expired entries from list and store. Never rejects. */
  removeEnded(): Promise<void>;
  /** Changes of this replica. A read that started before such a change does not undo it. */
  add(revocation: Revocation): void;
  remove(id: string): void;
}

export function createRevocationSync(
  list: RevocationList,
  store: Store,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): RevocationSync {
  const { index } = list;
  let mark: string | undefined;
  let epoch: string | undefined;
  /** Additions of this replica that no read has returned yet: the store may lose them before a read. */
  const unconfirmed = new Map<string, Revocation>();
  /** State of the read in progress. */
  let removedMeanwhile = new Set<string>();

  /** A data loss of the store must not undo revocations: an entry is only removed if the store has deleted it. */
  async function restore(known: readonly Revocation[], recorded: boolean): Promise<void> {
    if (known.length === 0) return;
    const { restored, deleted } = await store.restoreRevocations(known, recorded);
    for (const id of deleted) list.remove(id);
    if (restored === 0) return;
    log.error('the store has lost its data: its revocations are written back', { count: restored });
  }

  function apply(read: RevocationsRead): void {
    for (const revocation of read.revocations) {
      unconfirmed.delete(revocation.id);
      if (!removedMeanwhile.has(revocation.id)) list.add(revocation);
    }
    for (const id of read.kind === 'changes' ? read.removed : []) removeEntry(id);
  }

  function removeEntry(id: string): void {
    unconfirmed.delete(id);
    list.remove(id);
  }

  /** The effective entries that are not among those read; expired ones are removed. */
  function unlisted(revocations: readonly Revocation[]): readonly Revocation[] {
    const listed = new Set(revocations.map(({ id }) => id));
    const absent = index.inForce(clock.now()).filter(({ id }) => !listed.has(id));
    const kept = new Set(absent.map(({ id }) => id));
    for (const id of index.ids()) if (!listed.has(id) && !kept.has(id)) removeEntry(id);
    return absent;
  }

  return {
    async read() {
      removedMeanwhile = new Set();
      const own = [...unconfirmed.values()];
      const read = await store.revocations(mark);
      if (read?.kind === 'all') await restore(unlisted(read.revocations), read.epoch !== epoch);
      if (read !== undefined) apply(read);
      if (read?.kind !== 'all') {
        await restore(
          own.filter(({ id }) => unconfirmed.has(id)),
          true,
        );
      }
      for (const { id } of own) unconfirmed.delete(id);
      if (read !== undefined) ({ epoch, mark } = read);
    },
    async removeEnded() {
      const ended = list.ended(MAX_REMOVED);
      if (ended.length === 0) return;
      // Expired entries have no effect, and the next synchronization retries the removal.
      const forgotten = await store.forgetRevocations(ended).catch(() => []);
      for (const id of forgotten) list.remove(id);
    },
    add(revocation) {
      list.add(revocation);
      unconfirmed.set(revocation.id, revocation);
    },
    remove(id) {
      removeEntry(id);
      removedMeanwhile.add(id);
    },
  };
}
