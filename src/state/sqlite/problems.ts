/** What happened, without the message of SQLite, which may quote statements. */
export function sqliteProblem(cause: unknown): string {
  const { errcode, code } = cause as { errcode?: number; code?: string };
  const known = PROBLEMS[(errcode ?? 0) & 0xff];
  return known ?? `failed (${code ?? 'unknown'}${errcode === undefined ? '' : ` ${errcode}`})`;
}

/** SQLITE_CORRUPT or SQLITE_NOTADB. */
export function isDamage(cause: unknown): boolean {
  const code = ((cause as { errcode?: number }).errcode ?? 0) & 0xff;
  return code === 11 || code === 26;
}

/** SQLITE_BUSY: another process has locked the file. */
export function isBusy(cause: unknown): boolean {
  return (((cause as { errcode?: number }).errcode ?? 0) & 0xff) === 5;
}

const RESTORE = '(docs/operations/runbook.md, "The state file")';

export const DAMAGED = `is damaged: restore it from a backup or salvage it ${RESTORE}`;
export const EMPTY = `is empty (0 bytes), its revocations are lost: restore it from a backup, or delete it to start without revocations ${RESTORE}`;
export const LOG_ALONE = `does not exist, but its write-ahead log does: restore both from one backup, or delete the log to start without revocations ${RESTORE}`;
export const LOG_DAMAGED = `has a damaged write-ahead log (-wal), acknowledged revocations in it are lost: restore both from one backup, or salvage the others ${RESTORE}`;

/** Primary result codes, sqlite.org/rescode.html. */
const PROBLEMS: Readonly<Record<number, string>> = {
  5: 'is in use by another process: one gateway per file, or use Redis',
  8: 'cannot be written by this user',
  10: 'cannot be read or written (disk error)',
  11: DAMAGED,
  13: 'has no room: the disk is full',
  14: 'cannot be opened: does the folder exist and may this user write there?',
  26: `is no SQLite database: restore it from a backup ${RESTORE}`,
};
