/** The classes of credentials. Each is of exactly one and never falls through to another. */
export const CREDENTIAL_CLASSES = ['id_token', 'job_token', 'deploy_token', 'access_token'] as const;

export type CredentialClass = (typeof CREDENTIAL_CLASSES)[number];

/** Those that the gateway did not mint: what it mints counts as what it was minted from. */
export const SOURCE_CLASSES = ['id_token', 'job_token', 'deploy_token'] as const satisfies CredentialClass[];

/** Where in a request a credential can stand. */
export const CREDENTIAL_SOURCES = [
  'bearer',
  'basic',
  'raw-authorization',
  'job-token',
  'deploy-token',
  'private-token',
  'x-nuget-apikey',
  'query',
  'form',
] as const;

export type CredentialSource = (typeof CREDENTIAL_SOURCES)[number];

/** Characters; a longer credential is refused before anything in it is decoded. Real id tokens are 1–4 KiB. */
export const MAX_CREDENTIAL_LENGTH = 16 * 1024;

/** What a client presented, not verified. `token` is the secret: never log, label or forward it. */
export interface PresentedCredential {
  readonly class: CredentialClass;
  readonly credentialSource: CredentialSource;
  readonly token: string;
  /** Only where the credential source has one. */
  readonly username: string | undefined;
}

/** Claims in the issuer's own names, as JSON gave them. Read them through `claimAt`, never by bare index. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * A credential that passed every check of its class. Made by `authenticate/` only.
 *
 * One object stands for one token as long as it stays in the verification cache, so that later stages may
 * keep what they derive from it (identity, headers, audit text) in a WeakMap under it.
 */
export interface VerifiedCredential {
  readonly class: CredentialClass;
  /** Key of the issuer in the configuration. */
  readonly issuer: string;
  /** `iss` as the token has it. */
  readonly issuerUrl: string;
  readonly subject: string;
  readonly jti: string | undefined;
  /** SHA-256, lowercase hex: of a JWT over `header.payload`, of everything else over the token as sent. */
  readonly tokenHash: string;
  /** SHA-256 of the token as sent, where `tokenHash` is another. */
  readonly sentHash?: string | undefined;
  /** Milliseconds since the epoch; the credential is good until just before. */
  readonly expiresAt: number;
  readonly claims: Claims;
  /** `aud` of an ID token. */
  readonly audiences?: readonly string[] | undefined;
  /** Identifies the issuer settings that the credential was verified with; undefined for deploy tokens of the configuration. */
  readonly settingsHash?: string | undefined;
  /** Of an access token: what it was minted from and for. All else but `jti`, the hashes and `expiresAt` is its source's. */
  readonly minted?: MintedFrom | undefined;
}

/** What revocations name a minted token by. */
export interface MintedTokenId {
  readonly jti: string;
  readonly tokenHash: string;
  readonly sentHash?: string | undefined;
}

export interface MintedFrom {
  /** The one that it was minted for, evaluated anew at each use; undefined: for nobody in particular. */
  readonly identity: string | undefined;
  readonly source: {
    readonly class: CredentialClass;
    readonly jti: string | undefined;
    readonly tokenHash: string;
    readonly sentHash?: string | undefined;
  };
  /** Its own `aud`. */
  readonly audience: string;
  /** `aud` of the access token that was presented for this one; both limit where it is accepted. */
  readonly parentAudience: string | undefined;
  /** That token and those before it, the first one first. */
  readonly parents: readonly MintedTokenId[];
  /** When the first of them was issued, or this one: milliseconds since the epoch. */
  readonly since: number;
  /** The source was accepted by the audience of a service's trusted publishing. */
  readonly publishing: boolean;
  /** The workload identity that it was asked for, where it was asked for by that name. */
  readonly workload: string | undefined;
  /** May be less than the identity has, never more. */
  readonly limits: TokenLimits;
}

/** What a minted token holds, whatever its identity has beside it. */
export type TokenLimits =
  /** These scopes, wherever its identity has them. */
  | { readonly kind: 'scopes'; readonly scopes: ReadonlySet<string> }
  /** Resource → the scopes that it holds for it, and for no other. */
  | { readonly kind: 'resources'; readonly resources: ReadonlyMap<string, ReadonlySet<string>> };
