import type { Store } from '../contract/store.ts';
import type { KeySource } from './key-source.ts';
import { generateJwk, readJwk, type SigningKey } from './signing-key.ts';

/** Under this name in the store. */
const NAME = 'signing-key';

/**
 * A key that nobody had to make: the first replica that needs one generates it, and all take the one that is kept. It is
 * had once and does not change while the process lives.
 */
export function createGeneratedKey(store: Pick<Store, 'keepFirst'>): KeySource {
  let key: Promise<SigningKey> | undefined;
  let had: SigningKey | undefined;

  function get(): Promise<SigningKey> {
    key ??= store
      .keepFirst(NAME, generateJwk())
      .then(readJwk)
      .then((read) => (had = read))
      .catch((cause: unknown) => {
        // Asked for again by whoever needs it next.
        key = undefined;
        throw cause;
      });
    return key;
  }

  return {
    keys: async () => [await get()],
    find: async (kid) => {
      const only = await get();
      return only.kid === kid ? only : undefined;
    },
    counts: (kid) => had?.kid === kid,
    stop: () => undefined,
  };
}
