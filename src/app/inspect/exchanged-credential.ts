import { assumedMinted } from '../../core/credentials/assumed-credential.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { serviceAudience } from '../../core/credentials/minted-token.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { Authorizer } from '../../policy/index.ts';
import { availableScopes } from '../endpoints/available-scopes.ts';

/**
 * The access token that the token endpoint issues for a credential and a service. Refuses what the endpoint refuses: a
 * credential without identity, and a scope that is not granted on the service.
 */
export function assumeExchanged(
  authorizer: Authorizer,
  service: string,
  source: VerifiedCredential,
  scopes: readonly string[],
): VerifiedCredential | Deny {
  const caller = authorizer.identify(source);
  if ('kind' in caller) return caller;
  const available = availableScopes(authorizer, caller, service);
  const excess = scopes.find((scope) => !available.includes(scope));
  if (excess !== undefined)
    return deny('scope_not_granted', `the requested scope ${excess} is not granted`, caller);
  const { class: kind, jti, tokenHash, sentHash } = source;
  return {
    ...source,
    class: 'access_token',
    minted: assumedMinted(
      {
        identity: caller.identity,
        source: { class: kind, jti, tokenHash, sentHash },
        audience: serviceAudience(service),
        since: Date.now(),
      },
      scopes,
    ),
  };
}
