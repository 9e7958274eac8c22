import type { Claims } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Glob } from '../../util/text/glob.ts';
import type { CompiledGrant } from '../compile/grant.ts';
import type { CompiledIdentity } from '../compile/identity.ts';

/** The resources for which a scope is granted. */
export interface GrantedResources {
  readonly globs: readonly Glob[];
  /** True if the scope is granted for all resources (`**`). */
  readonly everything: boolean;
  /** Why resource patterns of this scope match nothing; for audit events. */
  readonly problems: readonly string[];
}

/** The permissions of one caller on one service, by scope. */
export type Permissions = ReadonlyMap<string, GrantedResources>;

/**
 * Creates the function that returns the permissions of a caller on one service. Grants without claims give all callers of
 * an identity the same permissions, which are kept once: with each of thousands of cached tokens they cost memory and
 * garbage collection.
 */
export function createPermissions(
  service: string,
): (identity: CompiledIdentity, claims: Claims) => Permissions {
  const constant = new Map<CompiledIdentity, Permissions>();
  return (identity, claims) => {
    const known = constant.get(identity);
    if (known !== undefined) return known;
    const grants = identity.grants.filter((grant) => grant.service === service);
    const permissions = expandGrants(grants, claims, identity.pathClaims);
    if (!grants.some(usesClaims)) constant.set(identity, permissions);
    return permissions;
  };
}

function usesClaims({ resources }: CompiledGrant): boolean {
  return resources.some(({ parts }) => parts.some(({ kind }) => kind === 'claim'));
}

/** Expands the grants of one service for one caller. */
export function expandGrants(
  grants: readonly CompiledGrant[],
  claims: Claims,
  pathClaims: readonly string[],
): Permissions {
  const permissions = new Map<string, { globs: Glob[]; everything: boolean; problems: string[] }>();
  for (const grant of grants) {
    const expansions = grant.resources.map((template) => template.expand(claims, pathClaims));
    for (const scope of grant.scopes) {
      const granted = permissions.get(scope) ?? { globs: [], everything: false, problems: [] };
      permissions.set(scope, granted);
      for (const expansion of expansions) {
        if (expansion.kind === 'pattern') {
          granted.globs.push(expansion.glob);
          granted.everything ||= expansion.everything;
        } else {
          granted.problems.push(`claim "${expansion.claim}" ${expansion.detail}`);
        }
      }
    }
  }
  return permissions;
}

/** Whether the permissions cover an operation. */
export function covers(permissions: Permissions, operation: Operation): boolean {
  const granted = permissions.get(operation.scope);
  if (granted === undefined) return false;
  switch (operation.extent) {
    case 'one':
      for (const glob of granted.globs) if (glob.test(operation.resource)) return true;
      return false;
    case 'any':
      return granted.globs.length > 0;
    case 'every':
      return granted.everything;
    default:
      return operation.extent satisfies never;
  }
}
