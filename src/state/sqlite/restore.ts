import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, realpathSync, renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Revocation } from '../../core/credentials/revocation.ts';
import { GatehouseError } from '../../core/errors.ts';
import { endOf } from '../revocations/index-by-target.ts';
import { BACKUP_TIME } from './backup.ts';
import { lockState, type UnusableState } from './offline.ts';
import { connect, giveName, migrated } from './open.ts';
import { sqliteProblem } from './problems.ts';

export type RestoreResult =
  | {
      readonly kind: 'restored';
      readonly revocations: number;
      /** RFC 3339; undefined for a file that `gatehouse state backup` has not made. */
      readonly backupTime: string | undefined;
      /** Effective revocations of the previous state that the backup does not contain. */
      readonly lost: readonly Revocation[];
      /** The previous state file. */
      readonly previous: string | undefined;
    }
  /** A gateway, or another process, has locked the state file. */
  | { readonly kind: 'in-use' }
  /** The backup would lose effective revocations; nothing was changed. */
  | { readonly kind: 'loses'; readonly lost: readonly Revocation[] }
  /** The current state file cannot be compared with the backup; nothing was changed. */
  | { readonly kind: 'not-comparable'; readonly detail: string }
  /** The backup cannot be used; nothing was changed. */
  | UnusableState;

/** Replaces the state file by a backup. `acceptLoss`: also if revocations are lost or cannot be compared. */
export function restoreState(
  named: string,
  backup: string,
  { acceptLoss, now }: { readonly acceptLoss: boolean; readonly now: number },
): RestoreResult {
  if (!existsSync(backup)) return { kind: 'unusable', detail: 'does not exist' };
  // A link keeps its target: the target's file system is the one that outlives the process.
  const file = existsSync(named) ? realpathSync(named) : named;
  const state = lockState(file);
  if (state.kind === 'in-use') return state;
  const current = state.kind === 'locked' ? state.db : undefined;
  const draft = `${file}.${randomUUID().slice(0, 8)}.new`;
  try {
    const prepared = prepare(backup, draft);
    if (prepared.kind === 'unusable') return prepared;
    if (state.kind === 'unusable' && !acceptLoss) return { kind: 'not-comparable', detail: state.detail };
    const known = new Set(prepared.revocations.map(({ id }) => id));
    const before = current === undefined ? [] : readRevocations(current);
    const lost = before.filter((each) => endOf(each) > now && !known.has(each.id));
    if (lost.length > 0 && !acceptLoss) return { kind: 'loses', lost };
    const previous = replace(file, draft, current);
    const { backupTime, revocations } = prepared;
    return { kind: 'restored', revocations: revocations.length, backupTime, lost, previous };
  } finally {
    current?.close();
    for (const each of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(each, { force: true });
  }
}

type Prepared =
  | {
      readonly kind: 'prepared';
      readonly revocations: readonly Revocation[];
      readonly backupTime: string | undefined;
    }
  | UnusableState;

/** Copies the backup, checks the copy and migrates it to this version. */
function prepare(backup: string, draft: string): Prepared {
  let db: DatabaseSync | undefined;
  try {
    for (const suffix of ['', '-wal']) {
      if (!existsSync(backup + suffix)) continue;
      copyFileSync(backup + suffix, draft + suffix);
      chmodSync(draft + suffix, 0o600);
    }
    db = connect(draft);
    if (db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] !== 'ok')
      return { kind: 'unusable', detail: 'is damaged' };
    if (Number(db.prepare('PRAGMA user_version').get()?.['user_version']) === 0)
      return { kind: 'unusable', detail: 'is no state of Gatehouse' };
    migrated(db, backup);
    const backupTime = db.prepare('SELECT value FROM kept WHERE name = ?').get(BACKUP_TIME)?.['value'];
    db.prepare('DELETE FROM kept WHERE name = ?').run(BACKUP_TIME);
    const revocations = readRevocations(db);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
    return {
      kind: 'prepared',
      revocations,
      backupTime: backupTime === undefined ? undefined : String(backupTime),
    };
  } catch (cause) {
    const later = cause instanceof GatehouseError;
    return { kind: 'unusable', detail: later ? 'was made by a later version' : sqliteProblem(cause) };
  } finally {
    if (db?.isOpen === true) db.close();
  }
}

/** The name always has a file: after a crash without one, the gateway would start with a new state, without revocations. */
function replace(file: string, draft: string, current: DatabaseSync | undefined): string | undefined {
  const previous = existsSync(file) ? `${file}.${randomUUID().slice(0, 8)}.previous` : undefined;
  // The log is part of the previous state, and SQLite would apply it to the restored file.
  if (current !== undefined) current.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${previous ?? file}-wal`);
  // The lock on the previous file lasts until its name is that of the restored one.
  if (previous !== undefined) giveName(file, previous);
  renameSync(draft, file);
  return previous;
}

function readRevocations(db: DatabaseSync): readonly Revocation[] {
  const rows = db.prepare('SELECT body FROM revocations ORDER BY rowid').all();
  return rows.map(({ body }) => JSON.parse(String(body)) as Revocation);
}
