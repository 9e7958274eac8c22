import { readFileSync } from 'node:fs';

/** Undefined if no file is named, or if the file cannot be read, which `checkFiles` reports. */
export function fileText(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
