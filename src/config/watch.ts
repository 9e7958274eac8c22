import { createHash } from 'node:crypto';
import { statSync, watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { readSources } from './load/read-sources.ts';

/** Milliseconds. */
export interface WatchTiming {
  /** For so long nothing may change before it is read: whoever writes several files is done then. */
  readonly settle: number;
  /** After so long it is read all the same: what never stands still must not keep an old policy in force. */
  readonly longest: number;
  /** For what no event tells of: network file systems, symlinks that lead elsewhere. */
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
 * Watches a configuration by its content, from this moment on. Of a file, the directory is what is watched: an editor
 * puts another file in its place, and Kubernetes swaps the symlink `..data` beside it.
 */
export function watchConfig(path: string, timing: WatchTiming = TIMING): ConfigWatch {
  let seen = fingerprint(path);
  let wentWell = true;
  let reload: (() => Promise<boolean>) | undefined;
  let onFailure: (code: string) => void = () => undefined;
  let folder: { readonly watcher: FSWatcher; readonly id: string } | undefined;
  let settling: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;

  /** Of however many events, the first: others come of files that nobody reads here, a log or a database, without end. */
  function look(): void {
    if (settling === undefined) settle(fingerprint(path), performance.now());
  }

  /** Waits until nothing of it has changed for a while, whatever else is written beside it. */
  function settle(was: string, since: number): void {
    settling = setTimeout(() => {
      settling = undefined;
      const now = fingerprint(path);
      if (now === seen) return;
      if (now === was || performance.now() - since >= timing.longest) attempt(now);
      else settle(now, since);
    }, timing.settle);
  }

  function rest(): void {
    clearTimeout(settling);
    settling = undefined;
  }

  function attempt(now: string): void {
    // Before the start nobody takes it, and the start looks anew.
    if (reload === undefined) return;
    seen = now;
    rest();
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
      const watcher = watch(folderOf(path), { persistent: false }, look);
      watcher.on('error', (cause: NodeJS.ErrnoException) => lost(cause));
      folder = { watcher, id };
    } catch (cause) {
      lost(cause);
    }
  }

  /** Too many watches on this machine, for one: polling goes on. */
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
        // What was wrong may stand in another file, that the configuration only names.
        if (wentWell) look();
        else attempt(fingerprint(path));
      }, timing.poll).unref();
      look();
    },
    now: () => attempt(fingerprint(path)),
    close() {
      folder?.watcher.close();
      rest();
      clearInterval(poll);
      reload = undefined;
    },
  };
}

/** Of all that is read, or of why it cannot be. */
function fingerprint(path: string): string {
  const { sources, problems } = readSources(path);
  return createHash('sha256')
    .update(JSON.stringify([sources, problems]))
    .digest('hex');
}

function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
}

function identityOf(folder: string): string | undefined {
  const facts = statSync(folder, { throwIfNoEntry: false });
  return facts && `${facts.dev}:${facts.ino}`;
}
