import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { CompiledIdentity } from '../compile/identity.ts';
import { holdsScope } from './token-limits.ts';

/** A grant as disclosed to its caller: with expanded resource patterns, without those that match nothing. */
export interface EffectiveGrant {
  readonly service: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

/**
 * Returns the grants of an identity for one credential, without scopes outside the limits of a minted token.
 */
export function effectiveGrants(
  identity: CompiledIdentity,
  credential: VerifiedCredential,
): EffectiveGrant[] {
  const { claims, minted } = credential;
  return identity.grants.flatMap((grant) => {
    const scopes = grant.scopes.filter((scope) => minted === undefined || holdsScope(minted.limits, scope));
    const resources = grant.resources.flatMap((template) => {
      const expansion = template.expand(claims, identity.pathClaims);
      return expansion.kind === 'pattern' ? [expansion.display] : [];
    });
    if (scopes.length === 0 || resources.length === 0) return [];
    return [{ service: grant.service, scopes, resources }];
  });
}
