import type { DraftGrant, DraftService } from '../../model/draft.ts';
import { indexByName } from '../../model/index-by-name.ts';
import { unmatchedPatternProblem } from '../names/unmatched-pattern.ts';
import type { RuleContext } from '../rule.ts';
import { unusedHandshakes } from './grants.ts';

/** Warns about empty roles, and deploy tokens whose grants have no effect, each with a report of its own. */
export function checkUnusedGrants(context: RuleContext): void {
  const { deployTokens, roles, services } = context.draft;
  const known = indexByName(services);
  const allows = (grant: DraftGrant): boolean => canAllow(grant, known.get(grant.service));
  for (const [name, grants] of Object.entries(roles)) {
    if (grants.length > 0) continue;
    const message = 'is empty: add a grant, or remove the role and the references to it';
    context.warn(['roles', name], message, 'key');
  }
  for (const { name, grants } of deployTokens) {
    if (grants.some(allows)) continue;
    const message =
      'allows no request: none of its grants has an effect; correct them, or remove the token and revoke its copies';
    context.warn(['deployTokens', name], message, 'key');
  }
}

/** A service that does not exist is an error, so its grants count as effective. */
function canAllow({ scopes, resources }: DraftGrant, service: DraftService | undefined): boolean {
  if (service === undefined) return true;
  return (
    scopes.some((scope) => unusedHandshakes(service, scope) === undefined) &&
    resources.some((pattern) => unmatchedPatternProblem(service.type, pattern) === undefined)
  );
}
