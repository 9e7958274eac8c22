import type { Draft, DraftGrant, DraftService } from '../../model/draft.ts';
import { formatPath, type KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';

interface PlacedGrant {
  readonly grant: DraftGrant;
  readonly path: KeyPath;
}

/** Warns about callers with the scope to push to a registry and without the scope to pull: a push reads, too. */
export function checkPushScopes(context: RuleContext): void {
  const { identities, deployTokens, services } = context.draft;
  const registries = services.filter((service) => service.type === 'oci' && !isOpen(service));
  const reported = new Set<string>();
  const check = (caller: string, grants: readonly PlacedGrant[]): void => {
    for (const { name } of registries) {
      const onService = grants.filter(({ grant }) => grant.service === name);
      if (onService.some(({ grant }) => grant.scopes.includes('read_registry'))) continue;
      for (const { grant, path } of onService) {
        const index = grant.scopes.indexOf('write_registry');
        // A role can belong to many identities.
        if (index === -1 || reported.has(formatPath(path))) continue;
        reported.add(formatPath(path));
        const message = `allows no push: a push to a registry needs read_registry too, which ${caller} does not have on service "${name}"; add it to the scopes`;
        context.warn([...path, 'scopes', index], message);
      }
    }
  };
  for (const { name, grants, roles } of identities) {
    const own = placed(grants, ['identities', name, 'grants']);
    check(`identity "${name}"`, [...own, ...roles.flatMap((role) => ofRole(context.draft, role))]);
  }
  for (const { name, grants } of deployTokens)
    check(`deploy token "${name}"`, placed(grants, ['deployTokens', name, 'grants']));
}

/** Whether every caller may pull. */
function isOpen({ anonymous }: DraftService): boolean {
  return anonymous.some(({ scopes }) => scopes.includes('read_registry'));
}

function ofRole({ roles }: Draft, role: string): PlacedGrant[] {
  return Object.hasOwn(roles, role) ? placed(roles[role] ?? [], ['roles', role]) : [];
}

function placed(grants: readonly DraftGrant[], path: KeyPath): PlacedGrant[] {
  return grants.map((grant, index) => ({ grant, path: [...path, index] }));
}
