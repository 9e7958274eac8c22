import { openSync } from 'node:fs';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { LineWriter } from './line-writer.ts';

const STDOUT = { fd: 1, name: 'stdout', owned: false } as const;

/**
 * Opens a writer to the file, or to stdout without a file. Lines stay whole only with one writer per descriptor,
 * so all logs on stdout share one writer.
 */
export function openLineWriter(
  settings: { readonly file?: string | undefined },
  ports: { readonly log: Log },
): LineWriter {
  if (settings.file === undefined) return new LineWriter(STDOUT, ports);
  return new LineWriter({ fd: openToAppend(settings.file), name: settings.file, owned: true }, ports);
}

function openToAppend(file: string): number {
  try {
    return openSync(file, 'a', 0o640);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new GatehouseError('startup_failed', `audit file: ${file} cannot be opened for writing (${code})`, {
      cause,
    });
  }
}
