import { randomUUID } from 'node:crypto';
import { ASSERTION_LIFETIME } from '../../core/credentials/assertion.ts';
import type { Caller } from '../../core/decision.ts';

/** The claims by which the gateway asserts a caller to one recipient, valid until `expiresAt` (ms) at the latest. */
export function callerClaims(
  { identity, credential }: Caller,
  { issuer, audience }: { readonly issuer: string; readonly audience: string },
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Readonly<Record<string, unknown>> {
  const issuedAt = Math.floor(now / 1000);
  return {
    iss: issuer,
    aud: audience,
    sub: identity,
    iat: issuedAt,
    nbf: issuedAt,
    exp: Math.min(issuedAt + ASSERTION_LIFETIME, Math.floor(expiresAt / 1000)),
    jti: randomUUID(),
    src: { iss: credential.issuerUrl, sub: credential.subject, credential: credential.class },
  };
}
