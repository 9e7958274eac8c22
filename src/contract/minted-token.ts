import type { Claims, CredentialClass } from './credential.ts';

/** `typ` of the access tokens that the gateway mints (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** Stands for the issuer of tokens that were minted without a credential; no configured issuer has this name. */
export const ANYBODY = ':anybody';

/** `sub` of such tokens. */
export const ANYBODY_SUBJECT = 'anonymous';

/** `aud` of a minted token that is good for one service. */
export function serviceAudience(service: string): string {
  return `urn:gatehouse:service:${service}`;
}

/** Milliseconds: what is minted for an identity without `tokenLifetime`. */
export const DEFAULT_TOKEN_LIFETIME = 15 * 60_000;

/** `src` of a minted token: what it was minted from, so that all of it can be asked again at each use. */
export interface TokenSource {
  /** As the configuration names it. */
  readonly issuer: string;
  readonly sub: string;
  readonly jti?: string | undefined;
  /** SHA-256 of the source as sent, lowercase hex. */
  readonly tokenHash: string;
  readonly credential: CredentialClass;
  /** Those that policy, templates, audit or revocations use. */
  readonly claims: Claims;
}
