import { inSteps, type Steps } from '../../util/async/steps.ts';
import type { GrantSettings, PolicySettings } from '../settings.ts';
import { guardClaims } from './preset-guards.ts';
import type { Policy } from './policy.ts';

/**
 * Returns every claim that the policy evaluates. A minted token copies these claims from its source. Guard
 * claims are always included, because a guard can pass if its claim is missing.
 */
export function* claimsUsed(
  { identities }: Policy,
  { identities: settings, deployTokens, roles }: PolicySettings,
): Steps<ReadonlySet<string>> {
  const names = new Set<string>(['project_path', 'project_id']);
  const addFrom = (grants: readonly GrantSettings[]): void => {
    for (const { resources } of grants) for (const pattern of resources) addPlaceholders(names, pattern);
  };
  yield* inSteps(identities, (identity) => {
    for (const claim of guardClaims(identity.issuerType)) names.add(claim);
    for (const { claim } of identity.operands()) names.add(claim);
  });
  // The settings, since compiling the grants is left to their first use.
  const used = new Set<string>();
  yield* inSteps(settings, (identity) => {
    for (const role of identity.roles) used.add(role);
    addFrom(identity.grants);
  });
  yield* inSteps(deployTokens, ({ grants }) => addFrom(grants));
  for (const role of used) addFrom(roles[role] ?? []);
  return names;
}

function addPlaceholders(names: Set<string>, pattern: string): void {
  if (!pattern.includes('{claims.')) return;
  for (const [, claim = ''] of pattern.matchAll(/\{claims\.([^{}]+)\}/g)) names.add(claim);
}
