import type { Claims, CredentialClass, MintedTokenId } from './credential.ts';

/** `typ` of the access tokens that the gateway mints (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** Stands for the issuer of tokens that were minted without a credential; no configured issuer has this name. */
export const ANONYMOUS_ISSUER = ':anybody';

/** `sub` of such tokens. */
export const ANONYMOUS_SUBJECT = 'anonymous';

/** `aud` of a minted token that is good for one service. */
export function serviceAudience(service: string): string {
  return `urn:gatehouse:service:${service}`;
}

/** Milliseconds: what is minted for an identity without `tokenLifetime`. */
export const DEFAULT_TOKEN_LIFETIME = 15 * 60_000;

/**
 * Identity of a caller that no identity matches, where a service in shadow mode issues a token all the same. No configured
 * identity has this name.
 */
export const UNMATCHED_IDENTITY = ':stranger';

/** Tokens that can be issued one from the other; each carries the ids of those before it. */
export const MAX_PARENTS = 4;

/** `src` of a minted token: what it was minted from, so that all of it can be asked again at each use. */
export interface TokenSource {
  /** As the configuration names it. */
  readonly issuer: string;
  readonly sub: string;
  readonly jti?: string | undefined;
  /** As `VerifiedCredential` has them. Tokens of earlier versions have the hash of the source as sent in `tokenHash`. */
  readonly tokenHash: string;
  readonly sentHash?: string | undefined;
  readonly credential: CredentialClass;
  /** `aud` of the source where it is an ID token: the audiences that accepted it may change. */
  readonly aud?: readonly string[] | undefined;
  /** `VerifiedCredential.settingsHash` of the source. */
  readonly settingsHash?: string | undefined;
  /** `aud` of the minted token that was presented for this one, at a registry's token endpoint. */
  readonly parentAud?: string | undefined;
  /** That token and those before it, so that a revocation of one reaches all that followed. */
  readonly parents?: readonly MintedTokenId[] | undefined;
  /** `iat` of the first of them: a token that is renewed at a token endpoint gets no older than one that is not. */
  readonly since?: number | undefined;
  /** Trusted publishing accepted the source, by the audience that is configured for it. */
  readonly publishing?: true | undefined;
  /** Those that policy, templates, audit or revocations use. */
  readonly claims: Claims;
}
