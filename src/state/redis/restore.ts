import type { Revocation } from '../../core/credentials/revocation.ts';
import type { RestoredRevocations, Store } from '../../core/store.ts';
import { LIST, MARK, REMOVED, type RedisCommand } from './data-set.ts';

/** Entries per command. */
const BATCH = 100;

/** Begins the marks of changes that record deletions in `REMOVED`; version 0.1.0 does not. */
const RECORDED = '2:';

export function newMark(id: string): string {
  return `${RECORDED}${id}`;
}

/**
 * Adds known entries that Redis has lost. The absence of an entry is no deletion: a failover or a restart can lose the
 * last changes, and further changes can hide that.
 */
export function createRestore(
  command: RedisCommand,
  store: Pick<Store, 'putRevocation' | 'deleteRevocation'>,
): Store['restoreRevocations'] {
  async function deletedOf(ids: readonly string[]): Promise<readonly string[]> {
    const scores = await command((client) => client.zmScore(REMOVED, [...ids]));
    return ids.filter((_id, index) => scores[index] !== null);
  }

  async function restoreBatch(batch: readonly Revocation[], recorded: boolean): Promise<RestoredRevocations> {
    const ids = batch.map(({ id }) => id);
    const [mark, bodies, scores] = await command((client) =>
      client.multi().get(MARK).hmGet(LIST, ids).zmScore(REMOVED, ids).execTyped(),
    );
    const byEarlierVersion = !recorded && mark !== null && !String(mark).startsWith(RECORDED);
    const absent = batch.filter((_entry, index) => bodies[index] === null);
    const isDeleted = ({ id }: Revocation): boolean => byEarlierVersion || scores[ids.indexOf(id)] !== null;
    const lost = absent.filter((entry) => !isDeleted(entry));
    const deleted = absent.filter(isDeleted).map(({ id }) => id);
    if (lost.length === 0) return { restored: 0, deleted };
    await Promise.all(lost.map((entry) => store.putRevocation(entry)));
    // Another replica may have deleted one of them since the read above.
    const since = await deletedOf(lost.map(({ id }) => id));
    for (const id of since) await store.deleteRevocation(id);
    return { restored: lost.length - since.length, deleted: [...deleted, ...since] };
  }

  return async (known, recorded) => {
    let restored = 0;
    const deleted: string[] = [];
    for (let start = 0; start < known.length; start += BATCH) {
      const batch = await restoreBatch(known.slice(start, start + BATCH), recorded);
      restored += batch.restored;
      deleted.push(...batch.deleted);
    }
    return { restored, deleted };
  };
}
