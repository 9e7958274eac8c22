import type { Store } from '../../core/store.ts';
import { SingleFlight } from '../../util/async/single-flight.ts';
import type { SigningKeySource } from './key-source.ts';
import { generateJwk, readJwk, type SigningKey } from './signing-key.ts';

/** The name of the key in the store. */
const STORE_NAME = 'signing-key';

/** Milliseconds between two store reads for unknown key ids, so that invented ids cause little load. */
const COOLDOWN = 30_000;

/**
 * A generated key shared by all replicas: the first replica that needs a key generates it, and all use the one that the
 * store keeps. If the store loses its data, the next replica to start generates another key; the others adopt it and
 * still verify signatures of the previous key.
 */
export function createGeneratedKey(store: Pick<Store, 'keepFirst'>): SigningKeySource {
  /** The key in the store precedes previous keys. */
  let known: readonly SigningKey[] = [];
  let knownJwk: string | undefined;
  let lastRead = -Infinity;
  const reads = new SingleFlight<readonly SigningKey[]>(1);

  async function readStore(): Promise<readonly SigningKey[]> {
    const kept = await store.keepFirst(STORE_NAME, knownJwk ?? generateJwk());
    lastRead = performance.now();
    if (kept === knownJwk) return known;
    const key = await readJwk(kept);
    knownJwk = kept;
    known = [key, ...known.filter(({ kid }) => kid !== key.kid)];
    return known;
  }

  const readStoreOnce = (): Promise<readonly SigningKey[]> => reads.run(STORE_NAME, readStore);
  const findKnown = (kid: string): SigningKey | undefined => known.find((key) => key.kid === kid);

  return {
    keys: async () => (known.length > 0 ? known : readStoreOnce()),
    async find(kid) {
      if (findKnown(kid) === undefined && performance.now() - lastRead > COOLDOWN) await readStoreOnce();
      return findKnown(kid);
    },
    counts: (kid) => findKnown(kid) !== undefined,
    stop: () => undefined,
  };
}
