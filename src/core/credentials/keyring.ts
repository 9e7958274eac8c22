/** The gateway's signing keys. The only algorithm is ES256 (RFC 7518 §3.4). */
export interface Keyring {
  /**
   * Reads the key files. Rejects with `startup_failed` if a file is unusable. An unreachable store does not
   * prevent the start: the generated key is loaded in the background until the store responds.
   */
  start(): Promise<void>;
  stop(): void;
  /** The public keys as a JWK Set (RFC 7517 §5). Rejects with `store_unavailable` if no key is available. */
  publicKeys(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }>;
  /** Signs a compact JWS. Rejects with `store_unavailable` if no key is available. */
  sign(typ: string, payload: Readonly<Record<string, unknown>>): Promise<string>;
  /** Loads the signing key, for signatures while a response is relayed. Rejects with `store_unavailable`. */
  signer(): Promise<Signer>;
  /** Verifies the signature and the header. The claims are not checked. */
  verify(token: string, typ: string): Promise<KeyringVerdict>;
  /** Decrypts a text that this key has sealed. Undefined if this gateway has not, or no longer, the private key. */
  unseal(kid: string, sealed: string, context: string): Promise<string | undefined>;
  /** Whether signatures of this key are still accepted. Cached verifications must check it at every use. */
  counts(kid: string): boolean;
  status(): KeyringStatus;
}

/** A loaded signing key. */
export interface Signer {
  /** Signs a compact JWS. */
  sign(typ: string, payload: Readonly<Record<string, unknown>>): string;
  /** Encrypts a text for the gateway itself. The same `context` must be passed to `unseal`. */
  seal(text: string, context: string): string;
}

export interface KeyringStatus {
  /** Whether tokens can be signed. */
  readonly ready: boolean;
  /** Id of the key that signs. */
  readonly kid?: string | undefined;
  /** The last error while no key is available; it contains no secrets. */
  readonly detail?: string | undefined;
}

/** Result of `Keyring.verify`. */
export type KeyringVerdict =
  | { readonly kind: 'payload'; readonly payload: Readonly<Record<string, unknown>>; readonly kid: string }
  | { readonly kind: 'invalid'; readonly detail: string }
  /** The keys are unavailable, so the token could be neither accepted nor rejected. */
  | { readonly kind: 'unavailable'; readonly detail: string };
