/**
 * Credential classes. A credential has exactly one class; a failed verification never tries another class.
 */
export const CREDENTIAL_CLASSES = ['id_token', 'job_token', 'deploy_token', 'access_token'] as const;

export type CredentialClass = (typeof CREDENTIAL_CLASSES)[number];

/**
 * Classes that other systems or the configuration issue. An access token inherits the class of its source.
 */
export const SOURCE_CLASSES = ['id_token', 'job_token', 'deploy_token'] as const satisfies CredentialClass[];

/** The parts of a request that can contain a credential. */
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

/** `ticket`: a download of a protocol with tickets. It is not configurable. */
export type CredentialSource = (typeof CREDENTIAL_SOURCES)[number] | 'ticket';

/** Characters. A longer credential is refused before it is decoded. Typical ID tokens are 1–4 KiB. */
export const MAX_CREDENTIAL_LENGTH = 16 * 1024;

/** A credential extracted from a request, before verification. */
export interface PresentedCredential {
  readonly class: CredentialClass;
  readonly credentialSource: CredentialSource;
  /** The secret itself. Never log it, use it as a metric label or forward it. */
  readonly token: string;
  /** User name, if the credential source has one (`basic`). */
  readonly username: string | undefined;
}

/** Claims with the issuer's names and JSON values. Read them with `claimAt`, never by index. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * A credential that passed every check of its class. Only `credentials/` creates one.
 *
 * While a token is in the verification cache, the same object represents it. A policy therefore caches
 * its result in a WeakMap with this object as the key; values derived from the result are `Derived` of it.
 */
export interface VerifiedCredential {
  readonly class: CredentialClass;
  /** Name of the issuer in the configuration. */
  readonly issuer: string;
  /** The token's `iss`. */
  readonly issuerUrl: string;
  readonly subject: string;
  readonly jti: string | undefined;
  /** SHA-256, lowercase hex, over `header.payload` of a JWT, or over the whole token for any other format. */
  readonly tokenHash: string;
  /** SHA-256, lowercase hex, over the whole token, if it differs from `tokenHash`. */
  readonly sentHash?: string | undefined;
  /** Milliseconds since the epoch. The credential is valid before this instant, not at it. */
  readonly expiresAt: number;
  /** Milliseconds since the epoch. Tokens that the gateway issues for the credential do not outlive this session. */
  readonly sessionEndsAt?: number | undefined;
  readonly claims: Claims;
  /** `aud` of an ID token. */
  readonly audiences?: readonly string[] | undefined;
  /**
   * Hash of the issuer settings used for the verification. Undefined for deploy tokens of the configuration.
   */
  readonly settingsHash?: string | undefined;
  /**
   * Source and purpose of an access token; undefined for other classes. Except for `jti`, the hashes and
   * `expiresAt`, the other members of an access token's credential describe its source.
   */
  readonly minted?: MintedFrom | undefined;
}

/** The values by which a revocation identifies a minted token. */
export interface MintedTokenId {
  readonly jti: string;
  readonly tokenHash: string;
  readonly sentHash?: string | undefined;
}

/** Source and purpose of an access token that the gateway minted. */
export interface MintedFrom {
  /** The identity the token was issued to, matched again at every use. Undefined: anonymous. */
  readonly identity: string | undefined;
  /** The credential that was exchanged for this token. */
  readonly source: {
    readonly class: CredentialClass;
    readonly jti: string | undefined;
    readonly tokenHash: string;
    readonly sentHash?: string | undefined;
  };
  /** The token's `aud`. */
  readonly audience: string;
  /** `aud` of the exchanged access token. Both audiences limit where the token is accepted. */
  readonly parentAudience: string | undefined;
  /** The chain of access tokens this one was derived from, oldest first. */
  readonly parents: readonly MintedTokenId[];
  /** Issue time of the oldest parent, or of this token if it has none. Milliseconds since the epoch. */
  readonly since: number;
  /** The source was accepted because of the audience of a service's trusted publishing. */
  readonly publishing: boolean;
  /** Name of the workload identity, if the token request named one. */
  readonly workload: string | undefined;
  /** Limits of the token. They narrow the grants of the identity and never extend them. */
  readonly limits: TokenLimits;
  /** The download that the token is limited to; undefined for an access token. */
  readonly ticket?: Ticket | undefined;
  /** Limits of every token that the same login can get. Undefined: none, the login used the source credential. */
  readonly loginLimits: TokenLimits | undefined;
}

/** The one download for which a ticket is valid. */
export interface Ticket {
  /** Path of the gateway, decoded. */
  readonly path: string;
  /** The upstream's query, with its `?`, or empty. It may contain a credential of the upstream. */
  readonly query: string;
}

/** The scopes and resources that a minted token is limited to, independent of the grants of its identity. */
export type TokenLimits =
  /** These scopes, on every resource for which the identity has them. */
  | { readonly kind: 'scopes'; readonly scopes: ReadonlySet<string> }
  /** Scopes by resource; the token is not valid for any other resource. */
  | { readonly kind: 'resources'; readonly resources: ReadonlyMap<string, ReadonlySet<string>> };
