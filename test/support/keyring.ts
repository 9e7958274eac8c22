import type { Keyring } from '../../src/core/credentials/keyring.ts';
import { createKeyring } from '../../src/token-service/index.ts';

/** A keyring with a new key, in memory. */
export function testKeyring(): Keyring {
  const kept = new Map<string, string>();
  const silent = (): void => undefined;
  const store = {
    shared: false,
    keepUntil: () => Promise.resolve(new Map<string, number>()),
    keepFirst: (name: string, value: string): Promise<string> => {
      if (!kept.has(name)) kept.set(name, value);
      return Promise.resolve(kept.get(name) ?? value);
    },
  };
  return createKeyring(
    {},
    { store, clock: { now: Date.now }, log: { info: silent, warn: silent, error: silent } },
  );
}
