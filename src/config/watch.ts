import { createHash } from 'node:crypto';
import { statSync, watch, type FSWatcher } from 'node:fs';
import { delegatedFingerprint, delegatedFolders, readDelegatedFiles } from './delegation/delegated-files.ts';
import { readSources } from './load/read-sources.ts';
import { NO_DELEGATED_FILES, type DelegatedFiles } from './model/delegated-files.ts';
import { folderOf } from '../util/resources/folder-of.ts';

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
  /**
   * `delegated`: the delegated files of the last load, which are watched too. `reload` resolves with whether it went
   * well; where not, it is called again at each poll.
   */
  start(
    reload: () => Promise<boolean>,
    failed: (code: string) => void,
    delegated?: () => Pick<DelegatedFiles, 'patterns' | 'fingerprint'>,
  ): void;
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
  let delegated: () => Pick<DelegatedFiles, 'patterns' | 'fingerprint'> = () => NO_DELEGATED_FILES;
  const folders = new Map<string, { readonly watcher: FSWatcher; readonly id: string }>();
  let settling: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;

  function current(): Fingerprint {
    const { patterns } = delegated();
    return { main: fingerprint(path), delegated: delegatedPrint(path, patterns) };
  }

  /** Handles only the first event: other files in the directory, such as logs, can change all the time. */
  function checkSoon(): void {
    if (settling === undefined) settle(current(), performance.now());
  }

  /** Waits until the configuration is unchanged for the quiet period. Other files do not matter. */
  function settle(was: Fingerprint, since: number): void {
    settling = setTimeout(() => {
      settling = undefined;
      const now = current();
      if (now.main === seen && now.delegated === delegated().fingerprint) return;
      if (isSame(now, was) || performance.now() - since >= timing.longest) attempt(now);
      else settle(now, since);
    }, timing.settle);
  }

  function cancelSettling(): void {
    clearTimeout(settling);
    settling = undefined;
  }

  function attempt({ main }: Fingerprint): void {
    // Before start() there is no reload function; start() checks for changes.
    if (reload === undefined) return;
    seen = main;
    cancelSettling();
    void reload().then((ok) => {
      wentWell = ok;
      // The delegations can name other directories now.
      if (reload !== undefined) follow();
    });
  }

  /** A directory may have been replaced. */
  function follow(): void {
    const wanted = new Set([folderOf(path), ...delegatedFolders(path, delegated().patterns)]);
    for (const [folder, { watcher, id }] of folders) {
      if (wanted.has(folder) && identityOf(folder) === id) continue;
      watcher.close();
      folders.delete(folder);
    }
    for (const folder of wanted) if (!folders.has(folder)) followFolder(folder);
  }

  function followFolder(folder: string): void {
    const id = identityOf(folder);
    if (id === undefined) return;
    try {
      const watcher = watch(folder, { persistent: false }, checkSoon);
      watcher.on('error', (cause: NodeJS.ErrnoException) => lost(cause, watcher));
      folders.set(folder, { watcher, id });
    } catch (cause) {
      lost(cause);
    }
  }

  /** For example, the limit of watches is reached. Polling continues. */
  function lost(cause: unknown, watcher?: FSWatcher): void {
    watcher?.close();
    onFailure((cause as NodeJS.ErrnoException).code ?? 'unknown');
  }

  return {
    start(call, failed, files = delegated) {
      reload = call;
      delegated = files;
      onFailure = failed;
      follow();
      poll = setInterval(() => {
        follow();
        // The cause of the failure may be a file that the configuration names.
        if (wentWell) checkSoon();
        else attempt(current());
      }, timing.poll).unref();
      checkSoon();
    },
    now: () => attempt(current()),
    close() {
      for (const { watcher } of folders.values()) watcher.close();
      cancelSettling();
      clearInterval(poll);
      reload = undefined;
    },
  };
}

interface Fingerprint {
  readonly main: string;
  readonly delegated: string;
}

function isSame(a: Fingerprint, b: Fingerprint): boolean {
  return a.main === b.main && a.delegated === b.delegated;
}

/** As `DelegatedFiles.fingerprint`, of the files as they are now. */
function delegatedPrint(path: string, patterns: readonly string[]): string {
  return patterns.length === 0
    ? NO_DELEGATED_FILES.fingerprint
    : delegatedFingerprint(readDelegatedFiles(path, patterns));
}

/** Hash of the files, or of the problems that prevent reading them. */
function fingerprint(path: string): string {
  const { sources, problems } = readSources(path);
  const hash = createHash('sha256').update(JSON.stringify(problems));
  for (const { file, text } of sources) hash.update(`\0${file}\0${text.length}\0`).update(text);
  return hash.digest('hex');
}

function identityOf(folder: string): string | undefined {
  const facts = statSync(folder, { throwIfNoEntry: false });
  return facts && `${facts.dev}:${facts.ino}`;
}
