import type { Revocations } from '../core/credentials/revocation.ts';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Deny } from '../core/decision.ts';
import type { EndpointCall } from '../core/request/endpoint.ts';
import { holderOf } from './oauth/holder-of.ts';

export interface RevokeTokenPorts {
  readonly revocations: Pick<Revocations, 'addByHolder' | 'check'>;
  /** Claims that identify the holder of a token, by issuer name. */
  readonly holderClaims: ReadonlyMap<string, readonly string[]>;
}

/** Revokes a minted token that its holder presented. Undefined: it is revoked. */
export async function revokeHeldToken(
  call: EndpointCall,
  verified: VerifiedCredential,
  { revocations, holderClaims }: RevokeTokenPorts,
): Promise<Deny | undefined> {
  const { jti = '', issuer, expiresAt, minted } = verified;
  call.detail = `token ${jti} is revoked`;
  // A second entry has no effect but uses up the holder's limit.
  if (revocations.check(verified, minted?.identity).kind === 'revoked') return undefined;
  const added = await revocations.addByHolder(
    {
      target: 'jti',
      value: jti,
      issuer,
      reason: 'revoked by its holder',
      expires: new Date(expiresAt).toISOString(),
    },
    holderOf(verified, holderClaims),
  );
  if (added.kind === 'added') return undefined;
  return { ...deny('rate_limited', added.detail), retryAfter: added.retryAfter };
}
