import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StateSettings } from './open-store.ts';
import { probeRedis, type StoreProbe } from './redis/probe.ts';

/**
 * Checks that a gateway could use the store, without opening it: a running gateway has locked its SQLite file, and a
 * file of another user would stay behind.
 */
export async function probeStore(settings: StateSettings): Promise<StoreProbe> {
  if (settings.redis !== undefined) return probeRedis(settings.redis);
  const { file } = settings.sqlite;
  const folder = existingFolder(dirname(file));
  // SQLite creates the write-ahead log in the same directory.
  const refused = accessProblem(folder, constants.W_OK | constants.X_OK, 'the directory cannot be written');
  if (refused !== undefined) return refused;
  if (!existsSync(file)) return { kind: 'usable', detail: `${file} can be created` };
  return (
    accessProblem(file, constants.R_OK | constants.W_OK, 'the file cannot be written') ??
    databaseProblem(file) ?? { kind: 'usable', detail: `${file} can be written` }
  );
}

function existingFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existingFolder(dirname(folder));
}

function accessProblem(path: string, mode: number, problem: string): StoreProbe | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (cause) {
    return unusable(`${path}: ${problem} (${(cause as { code?: string }).code ?? 'unknown'})`);
  }
}

const SQLITE_BUSY = 5;

function databaseProblem(file: string): StoreProbe | undefined {
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
    if ((code & 0xff) !== SQLITE_BUSY) return unusable(`${file} is not a readable SQLite database`);
  }
  return undefined;
}

function unusable(detail: string): StoreProbe {
  return { kind: 'unusable', detail };
}
