import type { Draft, DraftGrant, DraftIdentity } from '../../model/draft.ts';

/** Returns a text that is equal for identities with the same grants, token lifetime, limits and upstream credentials. */
export function createOutcome({ roles, services }: Draft): (identity: DraftIdentity) => string {
  const byRole = new Map(Object.entries(roles).map(([role, grants]) => [role, grants.map(grantText)]));
  const withCredential = new Set(
    services.flatMap(({ upstream }) => Object.keys(upstream?.auth?.perIdentity ?? {})),
  );
  return ({ name, roles: held, grants, tokenLifetime = 0, limits }) => {
    const all = [...held.flatMap((role) => byRole.get(role) ?? []), ...grants.map(grantText)];
    const { requestsPerSecond, concurrent } = limits ?? {};
    const credential = withCredential.has(name) ? name : '';
    const parts = [[...new Set(all)].toSorted(), tokenLifetime, requestsPerSecond, concurrent, credential];
    return JSON.stringify(parts);
  };
}

function grantText({ service, scopes, resources }: DraftGrant): string {
  return JSON.stringify([service, scopes.toSorted(), resources.toSorted()]);
}
