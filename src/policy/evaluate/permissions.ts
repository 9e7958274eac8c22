import type { Claims } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Glob } from '../../util/glob.ts';
import type { CompiledGrant } from '../compile/grant.ts';

/** One scope, held on these resources. */
export interface Holding {
  readonly globs: readonly Glob[];
  readonly everything: boolean;
  /** Why templates of this scope match nothing; for the audit trail. */
  readonly unusable: readonly string[];
}

/** What one caller may do on one service, by scope. */
export type Permissions = ReadonlyMap<string, Holding>;

export function expandGrants(
  grants: readonly CompiledGrant[],
  claims: Claims,
  pathClaims: readonly string[],
): Permissions {
  const holdings = new Map<string, { globs: Glob[]; everything: boolean; unusable: string[] }>();
  for (const grant of grants) {
    const expansions = grant.resources.map((template) => template.expand(claims, pathClaims));
    for (const scope of grant.scopes) {
      const holding = holdings.get(scope) ?? { globs: [], everything: false, unusable: [] };
      holdings.set(scope, holding);
      for (const expansion of expansions) {
        if (expansion.kind === 'pattern') {
          holding.globs.push(expansion.glob);
          holding.everything ||= expansion.everything;
        } else {
          holding.unusable.push(`claim "${expansion.claim}" ${expansion.why}`);
        }
      }
    }
  }
  return holdings;
}

export function covers(permissions: Permissions, operation: Operation): boolean {
  const holding = permissions.get(operation.scope);
  if (holding === undefined) return false;
  switch (operation.extent) {
    case 'one':
      for (const glob of holding.globs) if (glob.test(operation.resource)) return true;
      return false;
    case 'any':
      return holding.globs.length > 0;
    case 'every':
      return holding.everything;
    default:
      return operation.extent satisfies never;
  }
}
