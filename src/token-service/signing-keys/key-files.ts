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
  const find = (kid: string): SigningKey | undefined => validKeys().get(kid);
  return {
    signingKey: async () => first(),
    keys: async () => [...validKeys().values()],
    find: async (kid) => find(kid),
    counts: (kid) => find(kid) !== undefined,
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
    readPem(content).then((next) => {
      previous = { key, until: performance.now() + OVERLAP };
      key = next;
      log.info('signing key reloaded', { file: path, kid: next.kid });
    }, failed);
  };
  let file: WatchedFile | undefined;
  let key: SigningKey;
  let previous: { readonly key: SigningKey; readonly until: number } | undefined;
  try {
    file = new WatchedFile(path, changed, failed);
    key = await readPem(file.content);
  } catch (cause) {
    file?.close();
    const problem = `signing.keys: ${path} is not an EC P-256 private key in PEM format; create one with: openssl ecparam -name prime256v1 -genkey -noout`;
    // The cause is omitted: parser errors can quote file content.
    throw new GatehouseError(
      'startup_failed',
      (cause as { code?: string }).code === 'ENOENT' ? `signing.keys: ${path} does not exist` : problem,
    );
  }
  return {
    current: () => key,
    previous: () => (previous !== undefined && performance.now() < previous.until ? [previous.key] : []),
    close: () => file.close(),
  };
}
