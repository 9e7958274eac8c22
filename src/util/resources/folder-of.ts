import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The directory itself, or the directory of a file or of a path that does not exist. */
export function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
}
