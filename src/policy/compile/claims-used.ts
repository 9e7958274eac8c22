import { guardClaims } from './preset-guards.ts';
import type { Policy } from './policy.ts';

/**
 * Every claim that this policy asks about. A minted token repeats these of its source: a guard passes where
 * its claim is missing, so those are among them whether or not an identity names them.
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
