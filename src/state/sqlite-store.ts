import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Revocation } from '../core/credentials/revocation.ts';
import type { Store } from '../core/store.ts';
import { ChangeLog } from './revocations/change-log.ts';
import { WindowCounter } from '../util/limits/window-counter.ts';

/**
 * The embedded store of a single replica. Writes are rare (a revocation, the exchange of a single-use token)
 * and durable when they return; requests never read it. Counters stay in memory, because they expire after a minute.
 */
export function openSqliteStore(file: string, clock: Clock): Store {
  const db = open(file);
  const put = db.prepare('INSERT INTO revocations (id, body) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM revocations WHERE id = ?');
  const removeAll = db.prepare('DELETE FROM revocations WHERE id IN (SELECT value FROM json_each(?))');
  const all = db.prepare('SELECT body FROM revocations ORDER BY rowid');
  const keep = db.prepare('INSERT OR IGNORE INTO kept (name, value) VALUES (?, ?)');
  const kept = db.prepare('SELECT value FROM kept WHERE name = ?');
  // In batches, because many claims may expire at once and their removal blocks requests.
  const forget = db.prepare(
    'DELETE FROM claimed WHERE name IN (SELECT name FROM claimed WHERE until <= ? ORDER BY until LIMIT 100)',
  );
  const claim = db.prepare(
    `INSERT INTO claimed (name, until) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE claimed.until <= ?`,
  );
  const counters = new WindowCounter(() => clock.now());
  // No other process writes the file, so the change log of this process is complete.
  const changes = new ChangeLog();
  let errors = 0;
  let failing = false;

  async function guarded<T>(call: () => T): Promise<T> {
    try {
      const result = call();
      failing = false;
      return result;
    } catch (cause) {
      errors += 1;
      failing = true;
      throw new GatehouseError('store_unavailable', `SQLite: ${problemOf(cause)}`, { cause });
    }
  }

  return {
    putRevocation: (revocation) =>
      guarded(() => {
        put.run(revocation.id, JSON.stringify(revocation));
        changes.push({ kind: 'added', revocation });
      }),
    deleteRevocation: (id) =>
      guarded(() => {
        const { changes: removed } = remove.run(id);
        changes.push({ kind: 'removed', id });
        return removed > 0;
      }),
    forgetRevocations: (ids) => guarded(() => void removeAll.run(JSON.stringify(ids))),
    revocations: (since) =>
      guarded(() => {
        const at = { epoch: 'file', mark: String(changes.count) };
        if (at.mark === since) return undefined;
        const changed = since === undefined ? undefined : changes.since(Number(since));
        if (changed === undefined) {
          const revocations = all.all().map(({ body }) => JSON.parse(String(body)) as Revocation);
          return { ...at, kind: 'all', revocations };
        }
        const removed = changed.flatMap((change) => (change.kind === 'removed' ? [change.id] : []));
        const gone = new Set(removed);
        const revocations = changed.flatMap((change) =>
          change.kind === 'added' && !gone.has(change.revocation.id) ? [change.revocation] : [],
        );
        return { ...at, kind: 'changes', revocations, removed };
      }),
    count: async (key, window) => counters.add(key, window),
    keepFirst: (name, value) =>
      guarded(() => {
        keep.run(name, value);
        return String(kept.get(name)?.['value']);
      }),
    claim: (name, lifetime) =>
      guarded(() => {
        const now = clock.now();
        forget.run(now);
        return claim.run(name, now + Math.ceil(lifetime), now).changes > 0;
      }),
    health: () => ({ errors, degraded: failing }),
    async close() {
      db.close();
    },
  };
}

function open(file: string): DatabaseSync {
  try {
    const inMemory = file === ':memory:';
    if (!inMemory) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // Created before SQLite opens it, because the write-ahead log gets the mode of the file.
      closeSync(openSync(file, 'a', 0o600));
    }
    const db = new DatabaseSync(file, { timeout: 50 });
    // Locked until the process ends: two gateways on one file would not see each other's changes.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    db.exec('BEGIN IMMEDIATE; COMMIT;');
    migrate(db, file);
    return db;
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    throw new GatehouseError('startup_failed', `state.sqlite.file: ${file}: ${problemOf(cause)}`, { cause });
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > MIGRATIONS.length) {
    throw new GatehouseError(
      'startup_failed',
      `state.sqlite.file: ${file} was made by a later version of Gatehouse`,
    );
  }
  for (const step of MIGRATIONS.slice(version)) db.exec(`BEGIN; ${step} COMMIT;`);
}

/** Each migration upgrades the file from the version equal to its index to the next version. */
const MIGRATIONS = [
  'CREATE TABLE revocations (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT; PRAGMA user_version = 1;',
  'CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT; PRAGMA user_version = 2;',
  `CREATE TABLE claimed (name TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
   CREATE INDEX claimed_until ON claimed (until); PRAGMA user_version = 3;`,
] as const;

function problemOf(cause: unknown): string {
  const { errcode, code } = cause as { errcode?: number; code?: string };
  const known = PROBLEMS[(errcode ?? 0) & 0xff];
  return known ?? `failed (${code ?? 'unknown'}${errcode === undefined ? '' : ` ${errcode}`})`;
}

/** Primary result codes, sqlite.org/rescode.html. */
const PROBLEMS: Readonly<Record<number, string>> = {
  5: 'is in use by another process: one gateway per file, or use Redis',
  8: 'cannot be written by this user',
  10: 'cannot be read or written (disk error)',
  11: 'is damaged',
  13: 'has no room: the disk is full',
  14: 'cannot be opened: does the folder exist and may this user write there?',
  26: 'is no SQLite database',
};
