import type { Clock, Log } from '../../core/ports.ts';
import type { Revocation } from '../../core/credentials/revocation.ts';
import type { StateBackup, Store } from '../../core/store.ts';
import { ChangeLog } from '../revocations/change-log.ts';
import { WindowCounter } from '../../util/limits/window-counter.ts';
import { backUpDatabase } from './backup.ts';
import { createSqliteClaims } from './claims.ts';
import { openDatabase } from './open.ts';
import { createSqliteGuard } from './guard.ts';

/**
 * The embedded store of a single replica. Writes are rare (a revocation, the exchange of a single-use token)
 * and durable when they return; requests never read it. Counters stay in memory, because they expire after a minute.
 */
export function openSqliteStore(
  file: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Store {
  const db = openDatabase(file, log);
  const put = db.prepare('INSERT INTO revocations (id, body) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM revocations WHERE id = ?');
  const removeAll = db.prepare('DELETE FROM revocations WHERE id IN (SELECT value FROM json_each(?))');
  const stored = db.prepare('SELECT id FROM revocations WHERE id IN (SELECT value FROM json_each(?))');
  const all = db.prepare('SELECT body FROM revocations ORDER BY rowid');
  const keep = db.prepare('INSERT OR IGNORE INTO kept (name, value) VALUES (?, ?)');
  const kept = db.prepare('SELECT value FROM kept WHERE name = ?');
  const counters = new WindowCounter(() => clock.now());
  // No other process writes the file, so the change log of this process is complete.
  const changes = new ChangeLog();
  let backingUp: Promise<StateBackup> | undefined;
  const guard = createSqliteGuard(db, file, { clock, log });

  function readAll(): Revocation[] {
    return all.all().map(({ body }) => JSON.parse(String(body)) as Revocation);
  }

  // No other process uses the file, so these lists last as long as the process.
  const lists = new Map<string, ReadonlyMap<string, number>>();

  return {
    kind: 'sqlite',
    shared: false,
    putRevocation: (revocation) =>
      guard.change(() => {
        put.run(revocation.id, JSON.stringify(revocation));
        changes.push({ kind: 'added', revocation });
      }),
    deleteRevocation: (id) =>
      guard.change(() => {
        const { changes: removed } = remove.run(id);
        changes.push({ kind: 'removed', id });
        return removed > 0;
      }),
    // No other replica uses the file, so the clock of this process is the clock of the store.
    forgetRevocations: (expired) =>
      guard.change(() => {
        const ids = expired.map(({ id }) => id);
        removeAll.run(JSON.stringify(ids));
        return ids;
      }),
    // Every acknowledged entry is durable, and no other process writes the file, so an absent one was deleted.
    restoreRevocations: (known) =>
      guard.read(() => {
        const ids = known.map(({ id }) => id);
        const found = new Set(stored.all(JSON.stringify(ids)).map(({ id }) => String(id)));
        return { restored: 0, deleted: ids.filter((id) => !found.has(id)) };
      }),
    async revocations(since) {
      guard.check();
      const at = { epoch: 'file', mark: String(changes.count) };
      if (at.mark === since) return undefined;
      const changed = since === undefined ? undefined : changes.since(Number(since));
      if (changed === undefined) return { ...at, kind: 'all', revocations: await guard.read(readAll) };
      const removed = changed.flatMap((change) => (change.kind === 'removed' ? [change.id] : []));
      const gone = new Set(removed);
      const revocations = changed.flatMap((change) =>
        change.kind === 'added' && !gone.has(change.revocation.id) ? [change.revocation] : [],
      );
      return { ...at, kind: 'changes', revocations, removed };
    },
    count: async (key, window) => counters.add(key, window),
    async keepFirst(name, value) {
      const find = (): string | undefined => kept.get(name)?.['value'] as string | undefined;
      const known = await guard.read(find);
      if (known !== undefined) return known;
      return guard.change(() => {
        keep.run(name, value);
        return find() ?? value;
      });
    },
    async keepUntil(list, values) {
      const all = new Map([...(lists.get(list) ?? []), ...values]);
      lists.set(list, all);
      return all;
    },
    // No other replica uses the file.
    exchangeReports: async (_list, id, report) => new Map([[id, report]]),
    ...createSqliteClaims(db, guard, clock),
    backUp: () =>
      (backingUp ??= backUpDatabase(db, `${file}.backup`, clock.now()).finally(
        () => (backingUp = undefined),
      )),
    health: () => guard.health(),
    async close() {
      guard.stop();
      db.close();
    },
  };
}
