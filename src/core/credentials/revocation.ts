import type { VerifiedCredential } from './credential.ts';

/** Targets of a revocation: one token (`jti`, `tokenHash`), or all credentials of a source. */
export const REVOCATION_TARGETS = [
  'jti',
  'tokenHash',
  'deployToken',
  'identity',
  'project',
  'issuer',
] as const;

export type RevocationTarget = (typeof REVOCATION_TARGETS)[number];

export interface Revocation {
  readonly id: string;
  readonly target: RevocationTarget;
  /**
   * Depends on the target. `jti`: the token's `jti`. `tokenHash`: SHA-256, lowercase hex, over
   * `header.payload` of a JWT or over a whole token. `project`: a path or `id:NN`. `deployToken`, `identity`,
   * `issuer`: a name in the configuration.
   */
  readonly value: string;
  /** Name of the issuer in the configuration; only with the target `jti`. */
  readonly issuer: string | undefined;
  readonly reason: string;
  /** RFC 3339. */
  readonly created: string;
  /** RFC 3339. Undefined: never. */
  readonly expires: string | undefined;
  /** Set if the holder revoked its own token. Undefined: an operator's revocation, which no quota counts. */
  readonly holder?: RevocationHolder | undefined;
}

/** The keys by which the quotas of `/oauth/revoke` count. */
export interface RevocationHolder {
  /** Immutable id of the project, workload or deploy token that obtained the token. */
  readonly subject: string;
  /** Undefined for an anonymous token. */
  readonly identity: string | undefined;
}

/** A revocation request, before the store assigns its id and creation time. */
export type NewRevocation = Omit<Revocation, 'id' | 'created' | 'holder'>;

/** Result of a revocation check. */
export type RevocationVerdict =
  | { readonly kind: 'clear' }
  | { readonly kind: 'revoked'; readonly revocation: Revocation }
  /** The revocation list is stale or was never loaded. */
  | { readonly kind: 'unknown'; readonly detail: string };

/** Result of `Revocations.addByHolder`. */
export type HolderRevocation =
  | { readonly kind: 'added'; readonly revocation: Revocation }
  /** The holder's quota is exhausted; nothing was added or evicted. `retryAfter` is in seconds. */
  | { readonly kind: 'quota_exceeded'; readonly detail: string; readonly retryAfter: number };

/** This replica's copy of the revocation list. `check` is synchronous. */
export interface Revocations {
  check(credential: VerifiedCredential, identity: string | undefined): RevocationVerdict;
  /** Resolves when the revocation is stored and active on this replica. Rejects with `store_unavailable`. */
  add(revocation: NewRevocation): Promise<Revocation>;
  /** Like `add`, within the quotas of the holder. */
  addByHolder(revocation: NewRevocation, holder: RevocationHolder): Promise<HolderRevocation>;
  /** Resolves to false if no revocation has this id. Rejects with `store_unavailable`. */
  remove(id: string): Promise<boolean>;
  list(): readonly Revocation[];
}
