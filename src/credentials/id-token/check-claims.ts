import { claimAt } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import type { Issuer } from '../compile-issuers.ts';
import { entraTenant } from '../../core/issuers/issuer-urls.ts';
import { quoted } from '../../util/text/quoted.ts';

/** The validated claims of an ID token. */
export interface CheckedClaims {
  readonly kind: 'claims';
  readonly subject: string;
  readonly jti: string | undefined;
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Milliseconds since the epoch. */
  readonly sessionEndsAt: number | undefined;
}

/** JWT-SVID §3: `iat` is optional. Without it, the time to `exp` is limited. */
function issueTime(claims: Claims, { tokenForm }: Issuer, now: number): number | undefined {
  const isOptional = tokenForm === 'jwt_svid' && claimAt(claims, 'iat') === undefined;
  return isOptional ? now : timeClaim(claims, 'iat');
}

/** Milliseconds by which the issuer's clock can be ahead of the gateway's. */
const LEEWAY = 30_000;

/** Validates the claims that do not depend on a service. The audience is checked per service. */
export function checkClaims(claims: Claims, issuer: Issuer, now: number): CheckedClaims | Deny {
  const subject = textClaim(claims, 'sub');
  if (subject === undefined) return malformed('"sub" is missing or not a string');
  const jti = textClaim(claims, issuer.jtiClaim);
  if (jti === undefined && claimAt(claims, issuer.jtiClaim) !== undefined) {
    return malformed(`"${issuer.jtiClaim}" is not a string`);
  }
  const audiences = audienceList(claimAt(claims, 'aud'));
  if (audiences === undefined)
    return malformed('"aud" is missing, or neither a string nor a list of strings');

  const expiresAt = timeClaim(claims, 'exp');
  const issuedAt = issueTime(claims, issuer, now);
  if (expiresAt === undefined) return malformed('"exp" is missing or not a time');
  if (issuedAt === undefined) return malformed('"iat" is missing or not a time');
  const notBefore = claimAt(claims, 'nbf') === undefined ? issuedAt : timeClaim(claims, 'nbf');
  if (notBefore === undefined) return malformed('"nbf" is not a time');
  if (Math.max(notBefore, issuedAt) > now + LEEWAY) {
    return deny('token_not_yet_valid', '"nbf" or "iat" is more than 30 s in the future');
  }
  const expired = checkExpiry(expiresAt, now);
  if (expired !== undefined) return expired;
  // With `exp` in the future this also bounds the age, now − iat.
  if (expiresAt - issuedAt > issuer.maxLifetime) {
    return deny(
      'credential_invalid',
      `the lifetime of the token is longer than ${issuer.maxLifetime / 1000} s`,
    );
  }
  const sessionEndsAt = sessionEnd(claims, issuer);
  if (Number.isNaN(sessionEndsAt)) return malformed(`"${issuer.sessionEndClaim}" is not a time`);
  return checkTenant(claims, issuer) ?? { kind: 'claims', subject, jti, audiences, expiresAt, sessionEndsAt };
}

/** NaN if the claim is not a time. */
function sessionEnd(claims: Claims, { sessionEndClaim }: Issuer): number | undefined {
  const value = sessionEndClaim === undefined ? undefined : claimAt(claims, sessionEndClaim);
  if (value === undefined) return undefined;
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

/**
 * Checks `exp` without leeway. RFC 7519 §4.1.4 allows some, but a leaked token must expire at the time its
 * issuer set, and a cached token at the same instant as a new one.
 */
export function checkExpiry(expiresAt: number, now: number): Deny | undefined {
  return now < expiresAt
    ? undefined
    : deny('token_expired', `expired ${Math.floor((now - expiresAt) / 1000)} s ago`);
}

/**
 * Entra signs the tokens of all tenants with the same keys, so the token's tenant must be the one of the
 * issuer.
 */
function checkTenant(claims: Claims, issuer: Issuer): Deny | undefined {
  const tid = claimAt(claims, 'tid');
  const tenant = entraTenant(issuer.url);
  if (tenant === undefined || tid === undefined || tid === tenant) return undefined;
  return deny('credential_invalid', `"tid" ${quoted(JSON.stringify(tid))} is not the tenant of the issuer`);
}

/**
 * A non-empty string without lone surrogates, which cannot be encoded in headers and logs (RFC 7493 §2.1).
 */
function textClaim(claims: Claims, name: string): string | undefined {
  const value = claimAt(claims, name);
  return typeof value === 'string' && value !== '' && value.isWellFormed() ? value : undefined;
}

/** Converts a NumericDate (RFC 7519 §2) to milliseconds. JSON.parse reads `1e400` as Infinity. */
function timeClaim(claims: Claims, name: string): number | undefined {
  const value = claimAt(claims, name);
  return typeof value === 'number' && Number.isFinite(value * 1000) ? value * 1000 : undefined;
}

function audienceList(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value === '' ? undefined : [value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((entry) => typeof entry === 'string') ? value : undefined;
}

function malformed(detail: string): Deny {
  return deny('credential_malformed', detail);
}
