import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { GatehouseError } from '../../core/errors.ts';

/**
 * Writes files into a folder that is empty or does not exist, all of them or none: first into a temporary folder on the
 * same file system, where `verify` can refuse them. Throws a `usage` error that names the folder.
 */
export function writeNewFolder(
  folder: string,
  files: Readonly<Record<string, string>>,
  verify: (temporary: string) => void,
): void {
  const path = resolve(folder);
  const exists = refuseContent(folder, path);
  const made: string[] = [];
  try {
    const parent = exists ? path : dirname(path);
    const created = mkdirSync(parent, { recursive: true });
    if (created !== undefined) made.push(created);
    const temporary = join(parent, `.${basename(path)}-${randomUUID()}`);
    made.push(temporary);
    mkdirSync(temporary);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(temporary, name), text);
    verify(temporary);
    // The folder of the caller stays the same one: it can be a mount, or the working directory of a shell.
    if (exists) moveAll(temporary, path, Object.keys(files));
    else renameSync(temporary, path);
  } catch (cause) {
    for (const each of made.toReversed()) rmSync(each, { recursive: true, force: true });
    if (cause instanceof GatehouseError) throw cause;
    throw new GatehouseError('usage', `--output ${folder} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

/** Whether the folder exists. */
function refuseContent(folder: string, path: string): boolean {
  let names: readonly string[];
  try {
    names = readdirSync(path);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT') return false;
    const problem = code === 'ENOTDIR' ? 'is a file, not a directory' : `cannot be read: ${reasonOf(cause)}`;
    throw new GatehouseError('usage', `--output ${folder} ${problem}`, { cause });
  }
  if (names.length === 0) return true;
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  throw new GatehouseError(
    'usage',
    `--output ${folder} is not empty (${shown}), and init overwrites nothing; choose a new directory`,
  );
}

function moveAll(from: string, to: string, names: readonly string[]): void {
  const moved: string[] = [];
  try {
    for (const name of names) {
      renameSync(join(from, name), join(to, name));
      moved.push(name);
    }
    rmSync(from, { recursive: true });
  } catch (error) {
    for (const name of moved) rmSync(join(to, name), { force: true });
    throw error;
  }
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

function reasonOf(cause: unknown): string {
  return codeOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
}
