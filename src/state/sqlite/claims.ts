import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../core/ports.ts';
import type { Store } from '../../core/store.ts';
import type { SqliteGuard } from './guard.ts';

/** Names that are claimed, or have a value, until a time. */
export function createSqliteClaims(
  db: DatabaseSync,
  { change }: Pick<SqliteGuard, 'change'>,
  clock: Clock,
): Pick<Store, 'claim' | 'bind'> {
  const [forgetClaimed, forgetBound] = [forgetExpired(db, 'claimed'), forgetExpired(db, 'bound')];
  const claim = db.prepare(
    `INSERT INTO claimed (name, until) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE claimed.until <= ?`,
  );
  const bind = db.prepare(
    `INSERT INTO bound (name, value, until) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until WHERE bound.until <= ?`,
  );
  const bound = db.prepare('SELECT value FROM bound WHERE name = ?');

  return {
    claim: (name, lifetime) =>
      change(() => {
        const now = clock.now();
        forgetClaimed.run(now);
        return claim.run(name, now + Math.ceil(lifetime), now).changes > 0;
      }),
    bind: (name, value, lifetime) =>
      change(() => {
        const now = clock.now();
        forgetBound.run(now);
        bind.run(name, value, now + Math.ceil(lifetime), now);
        return String(bound.get(name)?.['value']);
      }),
  };
}

/** In batches, because many names may expire at once and their removal blocks requests. */
function forgetExpired(db: DatabaseSync, table: 'claimed' | 'bound'): ReturnType<DatabaseSync['prepare']> {
  return db.prepare(
    `DELETE FROM ${table} WHERE name IN (SELECT name FROM ${table} WHERE until <= ? ORDER BY until LIMIT 100)`,
  );
}
