import { readFileSync } from 'node:fs';
import { GatehouseError } from '../core/errors.ts';
import { unreadable } from '../util/resources/unreadable.ts';

/** The text of the file that an option names. Throws a `usage` error if it cannot be read. */
export function readOptionFile(option: string, file: string): string {
  return readOptionBytes(option, file).toString('utf8');
}

export function readOptionBytes(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new GatehouseError('usage', `--${option}: ${file} ${unreadable(cause)}`, { cause });
  }
}
