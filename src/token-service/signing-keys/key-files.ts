import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { WatchedFile } from '../../util/resources/watched-file.ts';
import type { SigningKeySource } from './key-source.ts';
import { readPem, type SigningKey } from './signing-key.ts';

/**
 * Opens keys from files. The first key signs and all keys verify, so a new key can be deployed to all replicas before
 * it signs. Files that are swapped are not re-read at the same time, so the previous key of a file still verifies,
 * and stays published, for `OVERLAP`.
 */
export async function openKeyFiles(files: readonly string[], log: Log): Promise<SigningKeySource> {
  const outcomes = await Promise.allSettled(files.map((file) => openKeyFile(file, log)));
  const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    for (const file of opened) file.close();
    throw failure.reason;
  }
  /** By key id: swapped files can contain the same key. Current keys precede previous ones. */
  const validKeys = (): ReadonlyMap<string, SigningKey> => {
    const all = [...opened.map((file) => file.current()), ...opened.flatMap((file) => file.previous())];
    return new Map(all.map((key) => [key.kid, key]));
  };
  const first = (): SigningKey => {
    const [key] = validKeys().values();
    if (key === undefined) throw new GatehouseError('store_unavailable', 'no signing key available');
    return key;
  };
  log.info('signing key ready', { kid: first().kid });
  const find = (kid: string): SigningKey | undefined => validKeys().get(kid);
  return {
    signingKey: async () => first(),
    keys: async () => [...validKeys().values()],
    find: async (kid) => find(kid),
    counts: (kid) => find(kid) !== undefined,
    status: () => ({ ready: true, kid: first().kid }),
    stop: () => opened.forEach((file) => file.close()),
  };
}

/** Milliseconds. Every replica checks each file every two seconds. */
const OVERLAP = 60_000;

interface KeyFile {
  current(): SigningKey;
  /** The previous key, during `OVERLAP`. */
  previous(): SigningKey[];
  close(): void;
}

async function openKeyFile(path: string, log: Log): Promise<KeyFile> {
  const failed = (): void =>
    log.warn('signing key file cannot be read; the last valid key stays active', { file: path });
  const changed = (content: string): void => {
    void readPem(content).then((next) => {
      if (next.kind === 'unusable') return failed();
      previous = { key, until: performance.now() + OVERLAP };
      ({ key } = next);
      log.info('signing key reloaded', { file: path, kid: key.kid });
    });
  };
  const file = watchFile(path, changed, failed);
  const read = await readPem(file.content);
  if (read.kind === 'unusable') {
    file.close();
    throw unusable(path);
  }
  let { key } = read;
  let previous: { readonly key: SigningKey; readonly until: number } | undefined;
  return {
    current: () => key,
    previous: () => (previous !== undefined && performance.now() < previous.until ? [previous.key] : []),
    close: () => file.close(),
  };
}

function watchFile(path: string, changed: (content: string) => void, failed: () => void): WatchedFile {
  try {
    return new WatchedFile(path, changed, failed);
  } catch (cause) {
    const missing = (cause as { code?: string }).code === 'ENOENT';
    throw missing
      ? new GatehouseError('startup_failed', `signing.keys: ${path} does not exist`)
      : unusable(path);
  }
}

/** Ends the start. Without a cause: parser errors can quote file content. */
function unusable(path: string): GatehouseError {
  const advice = 'create one with: openssl ecparam -name prime256v1 -genkey -noout';
  return new GatehouseError(
    'startup_failed',
    `signing.keys: ${path} is not an EC P-256 private key in PEM format; ${advice}`,
  );
}
