import { deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import type { GrantSettings, PolicySettings } from '../settings.ts';
import { groupGrants, type MissingGrant, type SuggestedIdentity } from './suggested-grants.ts';

/** Additions to a policy. */
export type Additions = {
  /** Grants to add to existing identities, by name. */
  readonly grants: ReadonlyMap<string, readonly GrantSettings[]>;
  /** Grants to add to deploy tokens of the configuration, by name. */
  readonly deployTokens: ReadonlyMap<string, readonly GrantSettings[]>;
  /** Identities to add after all others. */
  readonly identities: readonly SuggestedIdentity[];
};

/** The grants that the requests need, by target. */
export function collectAdditions(
  asks: readonly { readonly target: string; readonly missing: readonly MissingGrant[] }[],
  settings: PolicySettings,
  added: readonly Omit<SuggestedIdentity, 'grants'>[],
): Additions {
  const byTarget = Map.groupBy(asks, ({ target }) => target);
  const grantsOf = (target: string): GrantSettings[] =>
    groupGrants((byTarget.get(target) ?? []).flatMap(({ missing }) => missing));
  const withGrants = (names: readonly string[], keyOf: (name: string) => string) =>
    new Map(
      names
        .filter((name) => byTarget.has(keyOf(name)))
        .map((name) => [name, grantsOf(keyOf(name))] as const)
        .filter(([, grants]) => grants.length > 0),
    );
  return {
    grants: withGrants(
      settings.identities.map(({ name }) => name),
      (name) => name,
    ),
    deployTokens: withGrants(
      settings.deployTokens.map(({ name }) => name),
      deployTokenIdentity,
    ),
    // An identity that requires fewer claims would shadow one that requires the same and more.
    identities: added
      .filter(({ name }) => byTarget.has(name))
      .toSorted((a, b) => Object.keys(b.match).length - Object.keys(a.match).length)
      .map((identity) => ({ ...identity, grants: grantsOf(identity.name) })),
  };
}

/** The policy with the additions, as an operator merges them. */
export function applyAdditions(
  settings: PolicySettings,
  { grants, deployTokens, identities }: Additions,
): PolicySettings {
  return {
    ...settings,
    identities: [
      ...settings.identities.map((identity) => ({
        ...identity,
        grants: [...identity.grants, ...(grants.get(identity.name) ?? [])],
      })),
      ...identities.map((identity) => ({ ...identity, roles: [] })),
    ],
    deployTokens: settings.deployTokens.map((token) => ({
      ...token,
      grants: [...token.grants, ...(deployTokens.get(token.name) ?? [])],
    })),
  };
}
