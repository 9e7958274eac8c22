import type { Store } from '../../core/store.ts';
import { SingleFlight } from '../../util/single-flight.ts';
import type { SigningKeySource } from './key-source.ts';
import { generateJwk, readJwk, type SigningKey } from './signing-key.ts';

/** Under this name in the store. */
const NAME = 'signing-key';

/** Milliseconds between two looks that keys cause which nobody here knows: whoever makes some up costs little. */
const COOLDOWN = 30_000;

/**
 * A key that nobody had to make: the first replica that needs one generates it, and all take the one that is kept. After
 * the store has lost its data, the next replica to start makes another: whoever meets that one takes it over, and goes
 * on to verify what the one before has signed.
 */
export function createGeneratedKey(store: Pick<Store, 'keepFirst'>): SigningKeySource {
  /** The kept one first. */
  let known: readonly SigningKey[] = [];
  let text: string | undefined;
  let lookedAt = -Infinity;
  const looks = new SingleFlight<readonly SigningKey[]>(1);

  async function look(): Promise<readonly SigningKey[]> {
    const kept = await store.keepFirst(NAME, text ?? generateJwk());
    lookedAt = performance.now();
    if (kept === text) return known;
    const key = await readJwk(kept);
    text = kept;
    known = [key, ...known.filter(({ kid }) => kid !== key.kid)];
    return known;
  }

  const lookOnce = (): Promise<readonly SigningKey[]> => looks.run(NAME, look);
  const had = (kid: string): SigningKey | undefined => known.find((key) => key.kid === kid);

  return {
    keys: async () => (known.length > 0 ? known : lookOnce()),
    async find(kid) {
      if (had(kid) === undefined && performance.now() - lookedAt > COOLDOWN) await lookOnce();
      return had(kid);
    },
    counts: (kid) => had(kid) !== undefined,
    stop: () => undefined,
  };
}
