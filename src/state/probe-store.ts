import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../core/errors.ts';
import type { StateSettings } from './open-store.ts';
import { probeRedis } from './redis/probe.ts';

/**
 * Checks that a gateway could use the store, without opening it: a running gateway has locked its SQLite file, and a
 * file of another user would stay behind. Resolves with a sentence; rejects with `store_unavailable`.
 */
export async function probeStore(settings: StateSettings): Promise<string> {
  if (settings.redis !== undefined) {
    await probeRedis(settings.redis);
    return 'Redis accepts the login and a write';
  }
  const { file } = settings.sqlite;
  const folder = existingFolder(dirname(file));
  // SQLite creates the write-ahead log in the same directory.
  requireAccess(folder, constants.W_OK | constants.X_OK, 'the directory cannot be written');
  if (!existsSync(file)) return `${file} can be created`;
  requireAccess(file, constants.R_OK | constants.W_OK, 'the file cannot be written');
  requireDatabase(file);
  return `${file} can be written`;
}

function existingFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existingFolder(dirname(folder));
}

function requireAccess(path: string, mode: number, problem: string): void {
  try {
    accessSync(path, mode);
  } catch (cause) {
    throw unusable(`${path}: ${problem} (${(cause as { code?: string }).code ?? 'unknown'})`);
  }
}

const SQLITE_BUSY = 5;

function requireDatabase(file: string): void {
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 50 });
    try {
      db.prepare('PRAGMA schema_version').get();
    } finally {
      db.close();
    }
  } catch (cause) {
    const code = (cause as { errcode?: number }).errcode ?? 0;
    // A running gateway has locked its database.
    if ((code & 0xff) !== SQLITE_BUSY) throw unusable(`${file} is not a readable SQLite database`);
  }
}

function unusable(problem: string): GatehouseError {
  return new GatehouseError('store_unavailable', problem);
}
