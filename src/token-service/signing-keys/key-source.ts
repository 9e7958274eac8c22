import type { KeyringStatus } from '../../core/credentials/keyring.ts';
import type { SigningKey, VerificationKey } from './signing-key.ts';

/** A source of signing keys. Promises reject with `store_unavailable` when it is unreachable. */
export interface SigningKeySource {
  /** The key that signs. */
  signingKey(): Promise<SigningKey>;
  /** All keys whose signatures are accepted; the one that signs precedes the others. */
  keys(): Promise<readonly VerificationKey[]>;
  find(kid: string): Promise<VerificationKey | undefined>;
  /** Whether signatures of this known key are still accepted. */
  counts(kid: string): boolean;
  status(): KeyringStatus;
  stop(): void;
}
