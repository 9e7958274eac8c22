/** The keys that the gateway signs with: ES256 (RFC 7518 §3.4), and nothing else. */
export interface Keyring {
  /**
   * Reads the files; rejects with `startup_failed` where one cannot be used. A store that is away is no reason not to
   * start: the generated key is asked for again when it is needed.
   */
  start(): Promise<void>;
  stop(): void;
  /** The key set (RFC 7517), public halves only. Rejects with `store_unavailable` where no key can be had. */
  publicKeys(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }>;
  /** A JWS with `alg`, `kid` and this `typ`. Rejects with `store_unavailable` where no key can be had. */
  sign(typ: string, payload: Readonly<Record<string, unknown>>): Promise<string>;
  /** Signature and header; what the claims say is the caller's to judge. */
  verify(token: string, typ: string): Promise<KeyringVerdict>;
  /** Whether what this key has signed still counts: what was verified once may be remembered for no longer. */
  counts(kid: string): boolean;
}

export type KeyringVerdict =
  | { readonly kind: 'payload'; readonly payload: Readonly<Record<string, unknown>>; readonly kid: string }
  | { readonly kind: 'invalid'; readonly detail: string }
  /** The keys could not be had: nobody can tell. */
  | { readonly kind: 'unavailable'; readonly detail: string };
