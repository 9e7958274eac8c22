import type { Claims, CredentialClass, MintedTokenId } from './credential.ts';

/** `typ` of access tokens that the gateway mints (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** Issuer name of tokens that were minted without a credential. A configured issuer cannot have this name. */
export const ANONYMOUS_ISSUER = ':anybody';

/** `sub` of tokens that were minted without a credential. */
export const ANONYMOUS_SUBJECT = 'anonymous';

/** `aud` of a minted token that only one service accepts. */
export function serviceAudience(service: string): string {
  return `urn:gatehouse:service:${service}`;
}

/** Milliseconds. Lifetime of tokens minted for an identity without `tokenLifetime`. */
export const DEFAULT_TOKEN_LIFETIME = 15 * 60_000;

/**
 * Identity of a minted token whose caller matched no identity, issued by a service in shadow mode. A
 * configured identity cannot have this name.
 */
export const UNMATCHED_IDENTITY = ':stranger';

/** Maximum length of a chain of derived tokens. Each token contains the ids of all its parents. */
export const MAX_PARENTS = 4;

/** The `src` claim of a minted token: the source credential, which every use of the token checks again. */
export interface TokenSource {
  /** Name of the issuer in the configuration. */
  readonly issuer: string;
  readonly sub: string;
  readonly jti?: string | undefined;
  /** As in `VerifiedCredential`. Earlier versions stored the hash over the whole token. */
  readonly tokenHash: string;
  readonly sentHash?: string | undefined;
  readonly credential: CredentialClass;
  /** `aud` of the source, if it is an ID token. A reload can change the accepted audiences. */
  readonly aud?: readonly string[] | undefined;
  /** `settingsHash` of the source's `VerifiedCredential`. */
  readonly settingsHash?: string | undefined;
  /** `aud` of the minted token that was exchanged for this one at a registry token endpoint. */
  readonly parentAud?: string | undefined;
  /** The chain of minted tokens this one was derived from: revoking one of them revokes this token too. */
  readonly parents?: readonly MintedTokenId[] | undefined;
  /**
   * `iat` of the oldest parent, in seconds: renewal at a token endpoint does not extend the total lifetime.
   */
  readonly since?: number | undefined;
  /** Limits of the last parent. Undefined without parents, in tokens of earlier versions, and if they are long. */
  readonly parentLimits?: EncodedLimits | undefined;
  /** The source was accepted because of the audience of trusted publishing. */
  readonly publishing?: true | undefined;
  /** Claims of the source that policy, resource patterns, audit events or revocations use. */
  readonly claims: Claims;
}

/** `TokenLimits` as JSON. */
export type EncodedLimits =
  | { readonly scopes: readonly string[] }
  | { readonly resources: Readonly<Record<string, readonly string[]>> };
