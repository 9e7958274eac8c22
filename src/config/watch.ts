import { createHash } from 'node:crypto';
import { statSync, watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { readSources } from './load/read-sources.ts';

/** Milliseconds. */
export interface WatchTiming {
  /** Quiet period before a reload, so that several files can be written. */
  readonly settle: number;
  /** Maximum delay of a reload while files keep changing. */
  readonly longest: number;
  /** Poll interval, for changes without events: network file systems, symlinks to other directories. */
  readonly poll: number;
}

const TIMING: WatchTiming = { settle: 200, longest: 5_000, poll: 30_000 };

export interface ConfigWatch {
  /** `reload` resolves with whether it went well; where not, it is called again at each poll. */
  start(reload: () => Promise<boolean>, failed: (code: string) => void): void;
  /** Reloads whether anything has changed or not. */
  now(): void;
  close(): void;
}

/**
 * Watches a configuration by its content, from this moment on. For a file, its directory is
 * watched: editors replace the file, and Kubernetes swaps the symlink `..data` in the directory.
 */
export function watchConfig(path: string, timing: WatchTiming = TIMING): ConfigWatch {
  let seen = fingerprint(path);
  let wentWell = true;
  let reload: (() => Promise<boolean>) | undefined;
  let onFailure: (code: string) => void = () => undefined;
  let folder: { readonly watcher: FSWatcher; readonly id: string } | undefined;
  let settling: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;

  /** Handles only the first event: other files in the directory, such as logs, can change all the time. */
  function checkSoon(): void {
    if (settling === undefined) settle(fingerprint(path), performance.now());
  }

  /** Waits until the configuration is unchanged for the quiet period. Other files do not matter. */
  function settle(was: string, since: number): void {
    settling = setTimeout(() => {
      settling = undefined;
      const now = fingerprint(path);
      if (now === seen) return;
      if (now === was || performance.now() - since >= timing.longest) attempt(now);
      else settle(now, since);
    }, timing.settle);
  }

  function cancelSettling(): void {
    clearTimeout(settling);
    settling = undefined;
  }

  function attempt(now: string): void {
    // Before start() there is no reload function; start() checks for changes.
    if (reload === undefined) return;
    seen = now;
    cancelSettling();
    void reload().then((ok) => (wentWell = ok));
  }

  /** The directory itself may have been replaced. */
  function follow(): void {
    const id = identityOf(folderOf(path));
    if (id === folder?.id) return;
    folder?.watcher.close();
    folder = undefined;
    if (id === undefined) return;
    try {
      const watcher = watch(folderOf(path), { persistent: false }, checkSoon);
      watcher.on('error', (cause: NodeJS.ErrnoException) => lost(cause));
      folder = { watcher, id };
    } catch (cause) {
      lost(cause);
    }
  }

  /** For example, the limit of watches is reached. Polling continues. */
  function lost(cause: unknown): void {
    folder?.watcher.close();
    onFailure((cause as NodeJS.ErrnoException).code ?? 'unknown');
  }

  return {
    start(call, failed) {
      reload = call;
      onFailure = failed;
      follow();
      poll = setInterval(() => {
        follow();
        // The cause of the failure may be a file that the configuration names.
        if (wentWell) checkSoon();
        else attempt(fingerprint(path));
      }, timing.poll).unref();
      checkSoon();
    },
    now: () => attempt(fingerprint(path)),
    close() {
      folder?.watcher.close();
      cancelSettling();
      clearInterval(poll);
      reload = undefined;
    },
  };
}

/** Hash of the files, or of the problems that prevent reading them. */
function fingerprint(path: string): string {
  const { sources, problems } = readSources(path);
  const hash = createHash('sha256').update(JSON.stringify(problems));
  for (const { file, text } of sources) hash.update(`\0${file}\0${text.length}\0`).update(text);
  return hash.digest('hex');
}

function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
}

function identityOf(folder: string): string | undefined {
  const facts = statSync(folder, { throwIfNoEntry: false });
  return facts && `${facts.dev}:${facts.ino}`;
}
