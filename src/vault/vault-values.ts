import { GatehouseError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import {
  readVaultField,
  type Vault,
  type VaultFault,
  type VaultField,
  type VaultSecret,
  type VaultValues,
} from '../core/vault.ts';
import { backoff, jittered } from '../util/async/backoff.ts';

export interface LoadedVaultValues extends VaultValues {
  /** Reads the fields that have no value yet. Throws `startup_failed` when the vault does not return one of them. */
  load(): Promise<void>;
  close(): void;
}

interface Reader {
  readonly field: VaultField;
  readonly changed: (value: string) => void;
  /** Undefined until `load`. */
  value: string | undefined;
}

/** The readers of one path share its secret, so that the fields of a pair change together. */
interface WatchedPath {
  readonly readers: Set<Reader>;
  secret: VaultSecret | undefined;
  timer: NodeJS.Timeout | undefined;
  failures: number;
}

/** Seconds between two reads of a path, whatever the lease. */
const MIN_SECONDS = 1;
const MAX_SECONDS = 86_400;

/** Keeps fields of the vault up to date. A field that cannot be read again keeps its value, as a file does. */
export function createVaultValues(vault: Vault, { log }: { readonly log: Log }): LoadedVaultValues {
  const paths = new Map<string, WatchedPath>();

  /** Returns the fault of the first reader that has no value. */
  function apply(path: string, watched: WatchedPath, secret: VaultSecret): VaultFault | undefined {
    let missing: VaultFault | undefined;
    for (const reader of watched.readers) {
      const read = readVaultField(secret, reader.field);
      if (read.kind === 'vault-fault') {
        if (reader.value === undefined) missing ??= read;
        else warnUnread(path, read);
      } else if (read.value !== reader.value) {
        if (reader.value !== undefined) log.info('secret of the vault reloaded', { ...reader.field });
        reader.value = read.value;
        reader.changed(read.value);
      }
    }
    watched.secret = secret;
    watched.failures = 0;
    schedule(path, watched, Math.min(Math.max(secret.seconds, MIN_SECONDS), MAX_SECONDS) * 800);
    return missing;
  }

  function schedule(path: string, watched: WatchedPath, delay: number): void {
    clearTimeout(watched.timer);
    if (watched.readers.size === 0) return;
    watched.timer = setTimeout(() => void refresh(path, watched), jittered(delay)).unref();
  }

  async function refresh(path: string, watched: WatchedPath): Promise<void> {
    const secret = await vault.read(path, watched.secret);
    if (paths.get(path) !== watched) return;
    if (secret.kind === 'secret') return void apply(path, watched, secret);
    warnUnread(path, secret);
    watched.failures += 1;
    schedule(path, watched, backoff(watched.failures));
  }

  function warnUnread(path: string, { detail }: VaultFault): void {
    log.warn('secret not read again from the vault; the previous one stays active', { path, detail });
  }

  async function loadPath(path: string, watched: WatchedPath): Promise<void> {
    const secret = await vault.read(path, undefined);
    const fault = secret.kind === 'secret' ? apply(path, watched, secret) : secret;
    if (fault !== undefined) throw new GatehouseError('startup_failed', `no secret: ${fault.detail}`);
  }

  function watchedPath(path: string): WatchedPath {
    const known = paths.get(path);
    if (known !== undefined) return known;
    const created = { readers: new Set<Reader>(), secret: undefined, timer: undefined, failures: 0 };
    paths.set(path, created);
    return created;
  }

  return {
    open(field, changed) {
      const watched = watchedPath(field.path);
      const known = watched.secret && readVaultField(watched.secret, field);
      const reader: Reader = { field, changed, value: known?.kind === 'value' ? known.value : undefined };
      watched.readers.add(reader);
      if (reader.value !== undefined) changed(reader.value);
      return {
        current() {
          if (reader.value !== undefined) return reader.value;
          throw new GatehouseError('startup_failed', `${field.path} has not been read from the vault`);
        },
        close() {
          watched.readers.delete(reader);
          if (watched.readers.size > 0) return;
          clearTimeout(watched.timer);
          if (paths.get(field.path) === watched) paths.delete(field.path);
        },
      };
    },
    async load() {
      const unread = [...paths].filter(([, { readers }]) =>
        [...readers].some(({ value }) => value === undefined),
      );
      const loads = await Promise.allSettled(unread.map(([path, watched]) => loadPath(path, watched)));
      const failed = loads.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
    close() {
      for (const { timer } of paths.values()) clearTimeout(timer);
      paths.clear();
    },
  };
}
