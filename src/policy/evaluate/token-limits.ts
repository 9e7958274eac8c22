import type { TokenLimits } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';
import { ALL_REPOSITORIES } from '../../core/credentials/registry-access.ts';

/** Whether an operation is within the limits of a minted token, regardless of grants. */
export function withinLimits(limits: TokenLimits, { scope, resource, extent }: Operation): boolean {
  // An index request names no resource: a token for any resource is sufficient.
  if (limits.kind === 'scopes' || extent === 'any') return holdsScope(limits, scope);
  return limits.resources.get(extent === 'every' ? ALL_REPOSITORIES : resource)?.has(scope) === true;
}

/** Whether the limits include a scope for at least one resource. */
export function holdsScope(limits: TokenLimits, scope: string): boolean {
  switch (limits.kind) {
    case 'scopes':
      return limits.scopes.has(scope);
    case 'resources':
      return [...limits.resources.values()].some((scopes) => scopes.has(scope));
    default:
      return limits satisfies never;
  }
}
