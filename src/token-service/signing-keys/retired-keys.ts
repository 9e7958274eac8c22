import type { Clock } from '../../core/ports.ts';
import type { Store } from '../../core/store.ts';
import { readPublicJwk, type SigningKey, type VerificationKey } from './signing-key.ts';

/** The name of the list in the store. */
const STORE_NAME = 'retired-signing-keys';

/** Milliseconds: the longest `tokenLifetime` (24 h), and an hour for clocks and late adoption. */
const LIFETIME = 25 * 60 * 60_000;

export interface RetiredKeys {
  add(key: SigningKey): void;
  /** Reads the keys of other replicas, and writes known ones that the store lacks. */
  synchronize(): Promise<void>;
  find(kid: string): VerificationKey | undefined;
  all(): readonly VerificationKey[];
}

interface Retired {
  readonly key: VerificationKey;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Public keys that no longer sign, shared by all replicas until their last token has expired. */
export function createRetiredKeys(store: Pick<Store, 'keepUntil'>, clock: Clock): RetiredKeys {
  /** By the JWK in the store. */
  const known = new Map<string, Retired>();

  function forgetEnded(): void {
    for (const [jwk, { until }] of known) if (until <= clock.now()) known.delete(jwk);
  }

  async function adopt(stored: ReadonlyMap<string, number>): Promise<void> {
    for (const [jwk, end] of stored) {
      // Bounded, whatever the store contains.
      const until = Math.min(end, clock.now() + LIFETIME);
      if (until <= clock.now() || known.has(jwk)) continue;
      // An entry that is no key cannot have signed a token.
      const read = await readPublicJwk(jwk);
      if (read.kind === 'key') known.set(jwk, { key: read.key, until });
    }
  }

  const valid = (): readonly VerificationKey[] => {
    const now = clock.now();
    return [...known.values()].filter(({ until }) => until > now).map(({ key }) => key);
  };

  return {
    add(key) {
      known.set(JSON.stringify(key.publicJwk), { key, until: clock.now() + LIFETIME });
    },
    async synchronize() {
      forgetEnded();
      const stored = await store.keepUntil(STORE_NAME, new Map());
      const missing = [...known].filter(([jwk]) => !stored.has(jwk));
      if (missing.length > 0) {
        await store.keepUntil(STORE_NAME, new Map(missing.map(([jwk, { until }]) => [jwk, until])));
      }
      await adopt(stored);
    },
    find: (kid) => valid().find((key) => key.kid === kid),
    all: valid,
  };
}
