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

/** Whether a gateway could use a store, as a sentence. */
export interface StoreProbe {
  readonly kind: 'usable' | 'unusable';
  readonly detail: string;
}

/** Logs in and writes a key that expires at once. */
export async function probeRedis(settings: RedisSettings): Promise<StoreProbe> {
  const address = readAddress(settings);
  if (address.kind === 'invalid') return { kind: 'unusable', detail: address.detail };
  const discard = new AbortController();
  const client = await createClient(address, settings.prefix, discard.signal);
  let timer: NodeJS.Timeout | undefined;
  // `connect` alone never rejects, because the client tries again after each error.
  const failed = new Promise<StoreProbe>((resolve) => {
    client.on('error', (error: unknown) => resolve(unusable(error)));
    const late: StoreProbe = { kind: 'unusable', detail: 'Redis: no answer in 5 s' };
    timer = setTimeout(() => resolve(late), DEADLINE);
  });
  const written = client
    .connect()
    .then(() => client.set('probe', '1', { expiration: { type: 'PX', value: 1 } }))
    .then((): StoreProbe => ({ kind: 'usable', detail: 'Redis accepts the login and a write' }), unusable);
  const probe = await Promise.race([written, failed]);
  clearTimeout(timer);
  client.destroy();
  discard.abort();
  return probe;
}

/** Only the code of the error, because an error reply may quote the command. */
function unusable(error: unknown): StoreProbe {
  const code = codeOf(error);
  const reason = Object.hasOwn(CAUSES, code) ? `${CAUSES[code]} (${code})` : code;
  return { kind: 'unusable', detail: `Redis: ${reason}` };
}
