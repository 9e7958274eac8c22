import { GatehouseError } from '../../core/errors.ts';
import { readAddress, type RedisSettings } from './address.ts';
import { codeOf, createClient } from './connection.ts';

/** Enough for a connection over TLS and two commands. */
const DEADLINE = 5_000;

const CAUSES: Readonly<Record<string, string>> = {
  WRONGPASS: 'Redis refuses the user or the password',
  NOAUTH: 'Redis requires a password: add it to the URL, in a file that urlFile names',
  NOPERM: 'the user may not write these keys: allow the commands on keys with the prefix',
  READONLY: 'this is a replica, which cannot be written: use the address of the primary',
};

/** Logs in and writes a key that expires at once. Rejects with `store_unavailable` and the reason. */
export async function probeRedis(settings: RedisSettings): Promise<void> {
  const client = await createClient(readAddress(settings), settings.prefix);
  let timer: NodeJS.Timeout | undefined;
  // `connect` alone never rejects, because the client tries again after each error.
  const failed = new Promise<never>((_resolve, reject) => {
    client.on('error', reject);
    timer = setTimeout(
      () => reject(new GatehouseError('store_unavailable', 'Redis: no answer in 5 s')),
      DEADLINE,
    );
  });
  try {
    const written = client
      .connect()
      .then(() => client.set('probe', '1', { expiration: { type: 'PX', value: 1 } }));
    await Promise.race([written, failed]);
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    const code = codeOf(cause);
    // Without the cause, because an error reply may quote the command.
    const reason = Object.hasOwn(CAUSES, code) ? `${CAUSES[code]} (${code})` : code;
    throw new GatehouseError('store_unavailable', `Redis: ${reason}`);
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}
