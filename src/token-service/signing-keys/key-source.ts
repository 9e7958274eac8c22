import type { SigningKey } from './signing-key.ts';

/** Where signing keys come from. Both calls reject with `store_unavailable` where that cannot be reached. */
export interface SigningKeySource {
  /** At least one; the first signs. */
  keys(): Promise<readonly SigningKey[]>;
  find(kid: string): Promise<SigningKey | undefined>;
  /** Whether `find` has found it, and would again. */
  counts(kid: string): boolean;
  stop(): void;
}
