import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Config } from '../../config/index.ts';

/**
 * The configuration with hashes of files in place of their paths. Two checkouts of a repository have different paths
 * and equal contents; a key file with other contents can have an equal path. What cannot be read is compared by path.
 */
export function withFileContents(config: Config): Config {
  const folder = dirname(config.files[0] ?? '.');
  const { server, state, signing, issuers, services } = config;
  const replaced = replaceFiles({ server, state, signing, issuers, services }, folder);
  return { ...config, ...(replaced as Partial<Config>) };
}

function replaceFiles(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => replaceFiles(each, folder));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => [
      key,
      isPath(key, each) ? describeFile(each, folder) : replaceFiles(each, folder),
    ]),
  );
}

/** The schema resolves the paths of files; their keys end in `file` or `File`. */
function isPath(key: string, value: unknown): value is string {
  return /(^f|F)ile$/.test(key) && typeof value === 'string' && isAbsolute(value);
}

/** Larger files, such as the database, are compared by path. */
const MAX_BYTES = 1024 * 1024;

function describeFile(file: string, folder: string): string {
  // The default database is relative to the working directory, which both configurations share.
  const path = file === resolve('data/gatehouse.db') ? file : relative(folder, file);
  try {
    const facts = statSync(file);
    if (!facts.isFile() || facts.size > MAX_BYTES || file.endsWith('.db')) return path;
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return path;
  }
}
