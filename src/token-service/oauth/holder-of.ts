import { hash } from 'node:crypto';
import { scalarClaim } from '../../core/credentials/claims.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { RevocationHolder } from '../../core/credentials/revocation.ts';

/** Longer ones are kept as their hash: the subject of a token may have kilobytes. */
const MAX_LENGTH = 128;

/**
 * Who revokes this minted token. `sub` alone would not do: a job chooses parts of it (branch, environment). Tokens for
 * anonymous access have one holder together, because every client can get them without end.
 */
export function holderOf(
  { issuer, subject, claims, minted }: VerifiedCredential,
  /** By the issuer's name in the configuration. */
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
