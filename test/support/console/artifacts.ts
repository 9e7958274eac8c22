import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** The folder of the files that a CI job keeps; `CI_ARTIFACTS`, by default `artifacts` (not committed). */
export function artifactsFolder(name: string): string {
  const folder = resolve(process.env['CI_ARTIFACTS'] ?? 'artifacts', name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
