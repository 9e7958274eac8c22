import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../../core/errors.ts';
import type { StateBackup } from '../../core/store.ts';

/** The time of the backup in the table `kept` of its file. */
export const BACKUP_TIME = 'backup-time';

/**
 * Copies the open database by the backup API of SQLite, which includes the changes that are made meanwhile. The file
 * contains the signing key, so only its owner can read it. `now` in milliseconds.
 */
export async function backUpDatabase(db: DatabaseSync, target: string, now: number): Promise<StateBackup> {
  const draft = `${target}.${randomUUID().slice(0, 8)}.new`;
  closeSync(openSync(draft, 'wx', 0o600));
  try {
    await backup(db, draft);
    const revocations = finish(draft, new Date(now).toISOString());
    renameSync(draft, target);
    return { file: target, revocations };
  } finally {
    for (const file of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(file, { force: true });
  }
}

/** Checks and marks the copy, and returns the number of its revocations. */
function finish(draft: string, time: string): number {
  const copy = new DatabaseSync(draft);
  try {
    if (copy.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] !== 'ok') {
      throw new GatehouseError('store_unavailable', 'SQLite: the copy of the state file is damaged');
    }
    // One file without a write-ahead log, which could be left behind when the backup is copied.
    copy.exec('PRAGMA journal_mode = DELETE');
    copy.prepare('INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)').run(BACKUP_TIME, time);
    return Number(copy.prepare('SELECT count(*) AS count FROM revocations').get()?.['count']);
  } finally {
    copy.close();
    const descriptor = openSync(draft, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}
