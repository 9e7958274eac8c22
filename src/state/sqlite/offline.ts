import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { StateBackup } from '../../core/store.ts';
import { backUpDatabase } from './backup.ts';
import { connect } from './open.ts';
import { isBusy, sqliteProblem } from './problems.ts';

export interface UnusableState {
  readonly kind: 'unusable';
  readonly detail: string;
}

export type LockedState =
  | { readonly kind: 'locked'; readonly db: DatabaseSync }
  /** A gateway, or another process, has locked the file. */
  | { readonly kind: 'in-use' }
  | { readonly kind: 'missing' }
  | UnusableState;

/** Locks a state file that no gateway uses; the lock ends when the database is closed. */
export function lockState(file: string): LockedState {
  if (!existsSync(file)) return { kind: 'missing' };
  try {
    return { kind: 'locked', db: connect(file) };
  } catch (cause) {
    return isBusy(cause) ? { kind: 'in-use' } : { kind: 'unusable', detail: sqliteProblem(cause) };
  }
}

/** Backs up a state file that no gateway uses. */
export async function backUpStateFile(
  file: string,
  target: string,
): Promise<
  { readonly kind: 'backup'; readonly backup: StateBackup } | Exclude<LockedState, { kind: 'locked' }>
> {
  const state = lockState(file);
  if (state.kind !== 'locked') return state;
  try {
    return { kind: 'backup', backup: await backUpDatabase(state.db, target, Date.now()) };
  } finally {
    state.db.close();
  }
}
