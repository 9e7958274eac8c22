import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { WatchedFile } from '../../util/watched-file.ts';
import type { SigningKeySource } from './key-source.ts';
import { readPem, type SigningKey } from './signing-key.ts';

/**
 * Keys from files: the first signs, all verify, so that a new one can be everywhere before it signs anywhere. Files that
 * change places are not read in one moment: what stood in one a minute ago still verifies, here and
 * for those who read the published keys.
 */
export async function openKeyFiles(files: readonly string[], log: Log): Promise<SigningKeySource> {
  const outcomes = await Promise.allSettled(files.map((file) => openKeyFile(file, log)));
  const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    for (const file of opened) file.close();
    throw failure.reason;
  }
  /** Each once, where files have changed places; those that sign first. */
  const good = (): ReadonlyMap<string, SigningKey> => {
    const all = [...opened.map((file) => file.current()), ...opened.flatMap((file) => file.before())];
    return new Map(all.map((key) => [key.kid, key]));
  };
  const find = (kid: string): SigningKey | undefined => good().get(kid);
  return {
    keys: async () => [...good().values()],
    find: async (kid) => find(kid),
    counts: (kid) => find(kid) !== undefined,
    stop: () => opened.forEach((file) => file.close()),
  };
}

/** Milliseconds; each file is looked at every two seconds, by every replica. */
const LINGER = 60_000;

interface KeyFile {
  current(): SigningKey;
  /** The one before, for a while. */
  before(): SigningKey[];
  close(): void;
}

async function openKeyFile(path: string, log: Log): Promise<KeyFile> {
  const failed = (): void => log.warn('signing key not re-read, the last good one stays', { file: path });
  const changed = (content: string): void => {
    readPem(content).then((next) => {
      before = { key, until: performance.now() + LINGER };
      key = next;
      log.info('signing key re-read', { file: path, kid: next.kid });
    }, failed);
  };
  let file: WatchedFile | undefined;
  let key: SigningKey;
  let before: { readonly key: SigningKey; readonly until: number } | undefined;
  try {
    file = new WatchedFile(path, changed, failed);
    key = await readPem(file.content);
  } catch (cause) {
    file?.close();
    const problem = `signing.keys: ${path} holds no EC P-256 private key in PEM; make one: openssl ecparam -name prime256v1 -genkey -noout`;
    // Without the cause: what a parser says may quote what it read.
    throw new GatehouseError(
      'startup_failed',
      (cause as { code?: string }).code === 'ENOENT' ? `signing.keys: ${path} is missing` : problem,
    );
  }
  return {
    current: () => key,
    before: () => (before !== undefined && performance.now() < before.until ? [before.key] : []),
    close: () => file.close(),
  };
}
