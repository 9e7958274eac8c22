import type { SigningKey } from './signing-key.ts';

/** A source of signing keys. `keys` and `find` reject with `store_unavailable` when it is unreachable. */
export interface SigningKeySource {
  /** At least one key; the first one signs. */
  keys(): Promise<readonly SigningKey[]>;
  find(kid: string): Promise<SigningKey | undefined>;
  /** Whether signatures of this known key are still accepted. */
  counts(kid: string): boolean;
  stop(): void;
}
