import type { VerifiedCredential } from './credential.ts';

/** What a revocation can name; a token, or everything that comes from somewhere. */
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
   * `jti`: the token's. `tokenHash`: SHA-256 of `header.payload` of a JWT or of a whole token, lowercase hex. `project`: path
   * or `id:NN`. Others: a name of the configuration.
   */
  readonly value: string;
  /** With `jti`: the issuer, as the configuration names it. */
  readonly issuer: string | undefined;
  readonly reason: string;
  /** RFC 3339. */
  readonly created: string;
  /** RFC 3339; undefined = never. */
  readonly expires: string | undefined;
  /** Of a token that its holder revoked; undefined: an operator's, which no quota counts. */
  readonly holder?: RevocationHolder | undefined;
}

/** What the quotas of `/oauth/revoke` count by. */
export interface RevocationHolder {
  /** The project, workload or deploy token behind the token, by an id that it cannot change. */
  readonly subject: string;
  /** Undefined: the token is for anonymous access. */
  readonly identity: string | undefined;
}

/** A revocation as it is asked for. */
export type NewRevocation = Omit<Revocation, 'id' | 'created' | 'holder'>;

export type RevocationVerdict =
  | { readonly kind: 'clear' }
  | { readonly kind: 'revoked'; readonly revocation: Revocation }
  /** The list is too old to be believed, or was never had. */
  | { readonly kind: 'unknown'; readonly detail: string };

export type HolderRevocation =
  | { readonly kind: 'added'; readonly revocation: Revocation }
  /** The holder's quota is used up; nothing was added or evicted. `retryAfter` in seconds. */
  | { readonly kind: 'quota_exceeded'; readonly detail: string; readonly retryAfter: number };

/** The list as this replica knows it; looking into it waits for nothing. */
export interface Revocations {
  check(credential: VerifiedCredential, identity: string | undefined): RevocationVerdict;
  /** In force here at once, and kept, when it resolves. Rejects with `store_unavailable`. */
  add(revocation: NewRevocation): Promise<Revocation>;
  /** The same within the quotas of the holder. */
  addByHolder(revocation: NewRevocation, holder: RevocationHolder): Promise<HolderRevocation>;
  /** False where there is none with this id. Rejects with `store_unavailable`. */
  remove(id: string): Promise<boolean>;
  list(): readonly Revocation[];
}
