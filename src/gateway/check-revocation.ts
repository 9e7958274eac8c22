import type { Caller, Refusal } from '../core/decision.ts';
import { deny, unable } from '../core/decision.ts';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import type { Revocations } from '../core/credentials/revocation.ts';

/** Refuses a revoked credential, and every credential whose revocation cannot be determined. */
export function refuseRevoked(
  revocations: Pick<Revocations, 'check'>,
  credential: VerifiedCredential,
  caller: Caller | undefined,
): Refusal | undefined {
  // A minted token stays bound to its identity, even when policy no longer matches it.
  const verdict = revocations.check(credential, caller?.identity ?? credential.minted?.identity);
  switch (verdict.kind) {
    case 'clear':
      return undefined;
    case 'revoked': {
      const { id, target, reason } = verdict.revocation;
      return deny('revoked', `revocation ${id} by ${target}: ${reason}`, caller);
    }
    case 'unknown':
      return unable('store_unavailable', verdict.detail);
    default:
      return verdict satisfies never;
  }
}
