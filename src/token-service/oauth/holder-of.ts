import { hash } from 'node:crypto';
import { scalarClaim } from '../../core/credentials/claims.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { RevocationHolder } from '../../core/credentials/revocation.ts';

/** Longer values are stored as a hash: a token subject can have kilobytes. */
const MAX_LENGTH = 128;

/**
 * Returns the holder of a minted token, to which revocations are counted. `sub` alone is not sufficient because a
 * job chooses parts of it (branch, environment). All anonymous tokens share one holder: any client can get many.
 */
export function holderOf(
  { issuer, subject, claims, minted }: VerifiedCredential,
  /** Claims that identify a holder, by issuer name. */
  holderClaims: ReadonlyMap<string, readonly string[]>,
): RevocationHolder {
  const identity = minted?.identity;
  if (identity === undefined) return { subject: issuer, identity };
  for (const claim of holderClaims.get(issuer) ?? []) {
    const value = scalarClaim(claims, claim);
    if (value !== undefined) return { subject: `${issuer} ${claim}=${short(value)}`, identity };
  }
  return { subject: `${issuer} sub=${short(subject)}`, identity };
}

function short(value: string): string {
  return value.length <= MAX_LENGTH ? value : `sha256:${hash('sha256', value)}`;
}
