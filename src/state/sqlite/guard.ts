import type { DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { StoreHealth } from '../../core/store.ts';
import { CallRecord } from '../call-record.ts';
import { isDamage, sqliteProblem } from './problems.ts';
import { WatchedFiles } from './watched-files.ts';

/** Milliseconds after a change until it is moved from the write-ahead log into the database. */
const CHECKPOINT_DELAY = 50;

export interface SqliteGuard {
  /** Rejects with `store_unavailable` if the call fails, or if the file is no longer the file of its name. */
  change<T>(call: () => T): Promise<T>;
  read<T>(call: () => T): Promise<T>;
  /** Notices a file that was deleted or replaced. */
  check(): void;
  health(): StoreHealth;
  stop(): void;
}

/** Calls SQLite, and keeps what is wrong with the file. */
export function createSqliteGuard(
  db: DatabaseSync,
  file: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): SqliteGuard {
  const files = new WatchedFiles(file);
  const calls = new CallRecord(clock);
  let replaced: string | undefined;
  let failed: string | undefined;
  /** Damage affects some pages only, so a later success does not end it. */
  let damaged = false;
  let timer: NodeJS.Timeout | undefined;

  function report(before: string | undefined, now: string | undefined): void {
    if (before === now) return;
    if (now === undefined) log.info('the state file can be used again', { file });
    else log.error('the state file cannot be used; changes are refused with 503', { file, problem: now });
  }

  function setFailed(now: string | undefined): void {
    report(failed, now);
    failed = now;
  }

  function check(): void {
    const now = files.problem();
    report(replaced, now);
    replaced = now;
    if (now === undefined && failed === undefined) calls.succeeded();
  }

  function run<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      damaged ||= isDamage(cause);
      const problem = `the state file ${sqliteProblem(cause)}`;
      calls.failed(problem);
      setFailed(problem);
      throw new GatehouseError('store_unavailable', `SQLite: ${problem}`, { cause });
    }
  }

  /** The log is empty most of the time: SQLite skips the damaged part of a log without an error. */
  function checkpoint(): void {
    timer = undefined;
    try {
      run(() => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
    } catch {
      // Reported; the change is durable in the log, and the next change tries again.
    }
  }

  return {
    async change(call) {
      check();
      if (replaced !== undefined) {
        calls.failed(replaced);
        throw new GatehouseError('store_unavailable', `SQLite: ${replaced}`);
      }
      const result = run(call);
      if (!damaged) setFailed(undefined);
      timer ??= setTimeout(checkpoint, CHECKPOINT_DELAY).unref();
      return result;
    },
    read: async (call) => run(call),
    check,
    health: () => {
      const detail = replaced ?? failed;
      const usable = detail === undefined;
      return { ...calls.status, reachable: usable, degraded: !usable, detail, dataLosses: 0 };
    },
    stop: () => clearTimeout(timer),
  };
}
