import { GatehouseError } from '../contract/errors.ts';
import type { Log } from '../contract/ports.ts';
import { WatchedFile } from '../lib/watched-file.ts';
import type { KeySource } from './key-source.ts';
import { readPem, type SigningKey } from './signing-key.ts';

/** Keys from files: the first signs, all verify, so that a new one can be everywhere before it signs anywhere. */
export async function openKeyFiles(files: readonly string[], log: Log): Promise<KeySource> {
  const opened = await Promise.all(files.map((file) => openKeyFile(file, log)));
  return {
    keys: async () => opened.map((file) => file.current()),
    find: async (kid) => opened.map((file) => file.current()).find((key) => key.kid === kid),
    stop: () => opened.forEach((file) => file.close()),
  };
}

async function openKeyFile(path: string, log: Log): Promise<{ current(): SigningKey; close(): void }> {
  const failed = (): void => log.warn('signing key not re-read, the last good one stays', { file: path });
  const changed = (content: string): void => {
    readPem(content).then((next) => {
      key = next;
      log.info('signing key re-read', { file: path, kid: next.kid });
    }, failed);
  };
  let file: WatchedFile | undefined;
  let key: SigningKey;
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
  return { current: () => key, close: () => file.close() };
}
