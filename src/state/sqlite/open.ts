import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { DAMAGED, EMPTY, LOG_ALONE, LOG_DAMAGED, sqliteProblem } from './problems.ts';
import { readWriteAheadLog } from './write-ahead-log.ts';

/** About half a second of `quick_check`; a state file is usually below 50 MB. */
const MAX_CHECKED = 512 * 1024 * 1024;

/** Opens or creates the file, and checks it. Throws `startup_failed` rather than start without known revocations. */
export function openDatabase(file: string, log: Log): DatabaseSync {
  try {
    if (file === ':memory:') return migrated(new DatabaseSync(file), file);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (!existsSync(file)) create(file, log);
    const { size } = statSync(file);
    if (size === 0) throw refused(file, EMPTY);
    checkLog(file, log);
    const db = connect(file);
    check(db, file, size, log);
    return migrated(db, file);
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    throw new GatehouseError('startup_failed', `state.sqlite.file: ${file} ${sqliteProblem(cause)}`, {
      cause,
    });
  }
}

/** Made under another name, so that a crash never leaves an empty file. */
function create(file: string, log: Log): void {
  if (existsSync(`${file}-wal`)) throw refused(file, LOG_ALONE);
  const draft = `${file}.${randomUUID().slice(0, 8)}.new`;
  // Created before SQLite opens it, because the write-ahead log gets the mode of the file.
  closeSync(openSync(draft, 'wx', 0o600));
  try {
    migrated(connect(draft), draft).close();
    if (giveName(draft, file)) log.info('the state file is new: it contains no revocations', { file });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** By a link, which does not replace a file that another process has created meanwhile. */
export function giveName(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!WITHOUT_LINKS.has(code)) throw error;
    renameSync(draft, file);
    return true;
  }
}

/** Codes of file systems without hard links. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Throws if another process has locked the file. */
export function connect(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 50 });
  try {
    // Locked until the process ends: two gateways on one file would not see each other's changes.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    db.exec('BEGIN IMMEDIATE; COMMIT;');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function checkLog(file: string, log: Log): void {
  const found = readLog(file);
  // Read again, because a frame that another process is writing is not valid yet.
  if (found === 'damaged' && readLog(file) === 'damaged') throw refused(file, LOG_DAMAGED);
  if (found === 'incomplete') {
    log.warn('the write-ahead log ends with an incomplete transaction, which was not acknowledged', { file });
  }
}

function readLog(file: string): ReturnType<typeof readWriteAheadLog>['kind'] {
  try {
    return readWriteAheadLog(readFileSync(`${file}-wal`)).kind;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'complete';
    throw error;
  }
}

function check(db: DatabaseSync, file: string, size: number, log: Log): void {
  if (size > MAX_CHECKED) {
    log.warn('the state file is not checked for damage because of its size', { file, bytes: size });
    return;
  }
  const result = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (result === 'ok') return;
  db.close();
  throw refused(file, DAMAGED);
}

function refused(file: string, why: string): GatehouseError {
  return new GatehouseError('startup_failed', `state.sqlite.file: ${file} ${why}`);
}

/** Throws `startup_failed` for a file of a later version. */
export function migrated(db: DatabaseSync, file: string): DatabaseSync {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > MIGRATIONS.length) {
    db.close();
    throw refused(file, 'was made by a later version of Gatehouse');
  }
  for (const step of MIGRATIONS.slice(version)) db.exec(`BEGIN; ${step} COMMIT;`);
  db.exec(ADDED);
  return db;
}

/** Each migration upgrades the file from the version equal to its index to the next version. */
const MIGRATIONS = [
  'CREATE TABLE revocations (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT; PRAGMA user_version = 1;',
  'CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT; PRAGMA user_version = 2;',
  `CREATE TABLE claimed (name TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
   CREATE INDEX claimed_until ON claimed (until); PRAGMA user_version = 3;`,
] as const;

/** Added without a new version of the file, so that an earlier version of Gatehouse still opens it. */
const ADDED = `
  CREATE TABLE IF NOT EXISTS bound (name TEXT PRIMARY KEY, value TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS bound_until ON bound (until);`;
