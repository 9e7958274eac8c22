import { readFileSync } from 'node:fs';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { unreadable } from '../../util/resources/unreadable.ts';

/** The value of the files, or the first file that is unusable; `detail` follows its name and contains no secret. */
export type FilesReading<V> =
  | { readonly kind: 'value'; readonly value: V }
  | { readonly kind: 'unusable'; readonly file: string; readonly detail: string };

/**
 * Files that are read at each use, because their content is valid for minutes only. While one of them is unusable, the
 * last valid value is used. Throws `startup_failed` when one is unusable now.
 */
export function openFilesAtUse<V>(
  service: string,
  files: readonly string[],
  read: (contents: readonly string[]) => FilesReading<V>,
  log: Log,
): () => V {
  const first = readFiles(files, read);
  if (first.kind === 'unusable') {
    const { file, detail } = first;
    throw new GatehouseError('startup_failed', `services.${service}.upstream.auth: ${file} ${detail}`);
  }
  let { value } = first;
  return () => {
    const next = readFiles(files, read);
    if (next.kind === 'value') ({ value } = next);
    else {
      const { file, detail } = next;
      log.warn('upstream credential not reloaded; the previous one stays active', { service, file, detail });
    }
    return value;
  };
}

function readFiles<V>(
  files: readonly string[],
  read: (contents: readonly string[]) => FilesReading<V>,
): FilesReading<V> {
  const contents: string[] = [];
  for (const file of files) {
    try {
      contents.push(readFileSync(file, 'utf8'));
    } catch (cause) {
      return { kind: 'unusable', file, detail: unreadable(cause) };
    }
  }
  return read(contents);
}
