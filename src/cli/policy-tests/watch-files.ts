import { watch, type FSWatcher } from 'node:fs';
import { folderOf } from '../../util/resources/folder-of.ts';

export interface FileChanges {
  /** Watches the directories of these files and directories from now on. */
  follow(paths: readonly string[]): void;
  /** Resolves after the next change, once the files are quiet, or when the watch is closed. */
  next(): Promise<void>;
  close(): void;
}

/** Milliseconds. Editors write a file in several steps. */
const QUIET = 30;

/** Directories are watched rather than files, because editors replace files. */
export function watchFiles(): FileChanges {
  const watchers = new Map<string, FSWatcher>();
  let changed = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let wake: (() => void) | undefined;

  function onChange(_event: string, name: string | null): void {
    // Other files, such as a report of the run itself, can change all the time. `..data`: Kubernetes.
    if (name !== null && !/\.ya?ml$|^\.\.data/.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      changed = true;
      wake?.();
    }, QUIET);
  }

  return {
    follow(paths) {
      for (const folder of new Set(paths.map(folderOf))) {
        if (closed || watchers.has(folder)) continue;
        const watcher = watch(folder, onChange);
        // A removed directory: its last state stays the result until another change.
        watcher.on('error', () => watcher.close());
        watchers.set(folder, watcher);
      }
    },
    async next() {
      if (!changed && !closed) await new Promise<void>((resolve) => (wake = resolve));
      changed = false;
      wake = undefined;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      wake?.();
    },
  };
}
