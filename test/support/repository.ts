import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './run.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** What a clone would hold, the work in progress included; files that are deleted but not yet staged are left out. */
export async function repositoryFiles(): Promise<readonly string[]> {
  const listing = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
  });
  if (listing.code !== 0) throw new Error(`git ls-files: ${listing.stderr}`);
  return [...new Set(listing.stdout.split('\0'))].filter(
    (file) => file !== '' && existsSync(join(ROOT, file)),
  );
}

export function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export const MANIFEST = JSON.parse(readText('package.json')) as Manifest;
