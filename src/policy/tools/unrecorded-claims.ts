import { claimAt } from '../../core/credentials/claims.ts';
import type { Claims, VerifiedCredential } from '../../core/credentials/credential.ts';
import { compileMatch, holdsFor, type Condition } from '../compile/condition.ts';
import { guardClaims } from '../compile/preset-guards.ts';
import type { GrantSettings, IdentitySettings, PolicySettings } from '../settings.ts';

/**
 * Finds a claim that decides about a recorded credential, and that its audit event cannot contain because the policy
 * of that time did not refer to it. `recorded`: whether an event contains the claim if the token has it.
 */
export type FindUnrecorded = (
  credential: VerifiedCredential,
  service: string,
  /** The identity that matched without the claim. */
  identity: string | undefined,
  recorded: (claim: string) => boolean,
) => string | undefined;

interface IndexedIdentity {
  readonly settings: IdentitySettings;
  /** In policy order. */
  readonly position: number;
  readonly conditions: readonly Condition[];
  /** Claims in the resource patterns of the grants, by service. */
  readonly inPatterns: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The identities of an issuer, by name, and by the claims of their conditions. */
interface IssuerIndex {
  readonly byName: Map<string, IndexedIdentity>;
  readonly byClaim: Map<string, IndexedIdentity[]>;
}

export function createFindUnrecorded(policy: PolicySettings): FindUnrecorded {
  const byIssuer = new Map<string, IssuerIndex>();
  for (const [position, settings] of policy.identities.entries()) {
    const index: IssuerIndex = byIssuer.get(settings.issuer) ?? { byName: new Map(), byClaim: new Map() };
    byIssuer.set(settings.issuer, index);
    const identity = indexIdentity(settings, position, policy.roles);
    index.byName.set(settings.name, identity);
    for (const claim of new Set(identity.conditions.map((condition) => condition.claim))) {
      const using = index.byClaim.get(claim) ?? [];
      index.byClaim.set(claim, using);
      using.push(identity);
    }
  }
  const always = new Set(['project_path', 'project_id']);
  for (const { type } of policy.issuers) for (const claim of guardClaims(type)) always.add(claim);

  return (credential, service, matched, recorded) => {
    const { minted, class: kind, claims } = credential;
    const index = byIssuer.get(credential.issuer);
    if (index === undefined) return undefined;
    const isUnknown = (claim: string): boolean =>
      claimAt(claims, claim) === undefined &&
      !always.has(claim) &&
      !(claim === 'sub' && kind === 'id_token') &&
      !recorded(claim);
    const found = matched === undefined ? undefined : index.byName.get(matched);
    // Identities after the first that matches have no effect.
    const before = found?.position ?? Infinity;
    const couldMatch = ({ settings, position, conditions }: IndexedIdentity): boolean =>
      position < before &&
      (minted === undefined ? settings.onRequest !== true : settings.name === minted.identity) &&
      holdOtherwise(conditions, claims, isUnknown);
    for (const [claim, using] of index.byClaim) if (isUnknown(claim) && using.some(couldMatch)) return claim;
    return [...(found?.inPatterns.get(service) ?? [])].find(isUnknown);
  };
}

/** Whether all conditions on known claims hold. */
function holdOtherwise(
  conditions: readonly Condition[],
  claims: Claims,
  isUnknown: (claim: string) => boolean,
): boolean {
  return conditions.every((condition) => isUnknown(condition.claim) || holdsFor(condition, claims));
}

function indexIdentity(
  settings: IdentitySettings,
  position: number,
  roles: PolicySettings['roles'],
): IndexedIdentity {
  const grants = [...settings.roles.flatMap((role) => roles[role] ?? []), ...settings.grants];
  return { settings, position, conditions: compileMatch(settings.match), inPatterns: placeholdersOf(grants) };
}

function placeholdersOf(grants: readonly GrantSettings[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { service, resources } of grants) {
    for (const pattern of resources) {
      if (!pattern.includes('{claims.')) continue;
      const claims = found.get(service) ?? new Set<string>();
      found.set(service, claims);
      for (const [, claim = ''] of pattern.matchAll(/\{claims\.([^{}]+)\}/g)) claims.add(claim);
    }
  }
  return found;
}
