import type { TokenLimits } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';
import { ALL_REPOSITORIES } from '../../core/credentials/registry-access.ts';

/** Whether a minted token was made for this; what its identity may do is another question. */
export function withinLimits(limits: TokenLimits, { scope, resource, extent }: Operation): boolean {
  // An index names no resource: a token for any of them will do.
  if (limits.kind === 'scopes' || extent === 'any') return holdsScope(limits, scope);
  return limits.resources.get(extent === 'every' ? ALL_REPOSITORIES : resource)?.has(scope) === true;
}

/** For anything at all. */
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
