import type { Caller } from '../../core/decision.ts';
import type { Authorizer } from '../../policy/index.ts';

/** The scopes that a caller can request for a token, for one service or for all. */
export function availableScopes(authorizer: Authorizer, caller: Caller, service?: string): string[] {
  const grants = authorizer
    .grantsOf(caller)
    .filter((grant) => service === undefined || grant.service === service);
  return [...new Set(grants.flatMap(({ scopes }) => scopes))].toSorted();
}
