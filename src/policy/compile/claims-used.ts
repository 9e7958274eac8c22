import { guardClaims } from './preset-guards.ts';
import type { Policy } from './policy.ts';

/**
 * Returns every claim that the policy evaluates. A minted token copies these claims from its source. Guard
 * claims are always included, because a guard can pass if its claim is missing.
 */
export function claimsUsed({ identities }: Policy): ReadonlySet<string> {
  const names = new Set<string>(['project_path', 'project_id']);
  for (const { issuerType, conditions, grants } of identities) {
    for (const claim of guardClaims(issuerType)) names.add(claim);
    for (const { claim } of conditions) names.add(claim);
    for (const { source } of grants.flatMap(({ resources }) => resources)) {
      for (const [, claim = ''] of source.matchAll(/\{claims\.([^{}]+)\}/g)) names.add(claim);
    }
  }
  return names;
}
