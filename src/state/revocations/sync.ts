import type { Clock, Log } from '../../core/ports.ts';
import type { Revocation } from '../../core/credentials/revocation.ts';
import type { RevocationsRead, Store } from '../../core/store.ts';
import type { RevocationList } from './list.ts';

/** Expired entries removed per synchronization, so that many simultaneous expiries do not delay requests. */
const MAX_REMOVED = 100;

/** Entries per write after the store has lost its data. */
const BATCH = 100;

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
  /** State of the read in progress. */
  let addedMeanwhile = new Set<string>();
  let removedMeanwhile = new Set<string>();

  /** A data loss of the store must not undo revocations, so the entries in memory are written back. */
  async function writeBack(read: RevocationsRead, listed: ReadonlySet<string>): Promise<void> {
    if (epoch === undefined || read.epoch === epoch) return;
    const lost = index.inForce(clock.now()).filter(({ id }) => !listed.has(id));
    if (lost.length === 0) return;
    log.error('the store has lost its data: its revocations are written back', { count: lost.length });
    for (let start = 0; start < lost.length; start += BATCH) {
      const batch = lost.slice(start, start + BATCH).filter(({ id }) => !removedMeanwhile.has(id));
      await Promise.all(batch.map((revocation) => store.putRevocation(revocation)));
      for (const { id } of batch) addedMeanwhile.add(id);
    }
  }

  function addAll(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) if (!removedMeanwhile.has(revocation.id)) list.add(revocation);
  }

  return {
    async read() {
      addedMeanwhile = new Set();
      removedMeanwhile = new Set();
      const read = await store.revocations(mark);
      if (read === undefined) return;
      if (read.kind === 'changes') {
        addAll(read.revocations);
        for (const id of read.removed) list.remove(id);
      } else {
        const listed = new Set(read.revocations.map(({ id }) => id));
        await writeBack(read, listed);
        addAll(read.revocations);
        for (const id of index.ids()) if (!listed.has(id) && !addedMeanwhile.has(id)) list.remove(id);
      }
      ({ epoch, mark } = read);
    },
    async removeEnded() {
      const ended = list.ended(MAX_REMOVED);
      if (ended.length === 0) return;
      try {
        await store.forgetRevocations(ended);
      } catch {
        // Expired entries have no effect, and the next synchronization retries the removal.
        return;
      }
      for (const id of ended) list.remove(id);
    },
    add(revocation) {
      list.add(revocation);
      addedMeanwhile.add(revocation.id);
    },
    remove(id) {
      list.remove(id);
      removedMeanwhile.add(id);
    },
  };
}
