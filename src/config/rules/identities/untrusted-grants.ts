import type { RuleContext } from '../rule.ts';

/** Warns about grants on services that accept no token of the issuers whose identities have them. */
export function checkUntrustedGrants(context: RuleContext): void {
  const { identities, roles, services, workloadIdentities } = context.draft;
  const trusted = new Map(services.map(({ name, issuers }) => [name, issuers]));
  const holders = new Map<string, Set<string>>();
  for (const { name, issuer, roles: held, grants } of identities) {
    for (const role of held) holders.set(role, (holders.get(role) ?? new Set()).add(issuer));
    for (const [index, { service }] of grants.entries()) {
      if (trusted.get(service)?.includes(issuer) !== false) continue;
      const message = `is never used: service "${service}" accepts no token of issuer "${issuer}"; add it to the service’s issuers, or remove the grant`;
      context.warn(['identities', name, 'grants', index, 'service'], message);
    }
  }
  const byWorkload = new Set(workloadIdentities.flatMap(({ roles: held = [] }) => held));
  for (const [role, issuers] of holders) {
    if (byWorkload.has(role) || !Object.hasOwn(roles, role)) continue;
    for (const [index, { service }] of (roles[role] ?? []).entries()) {
      const accepted = trusted.get(service);
      if (accepted === undefined || accepted.some((issuer) => issuers.has(issuer))) continue;
      const message = `is never used: service "${service}" accepts no token of an issuer whose identities have this role`;
      context.warn(['roles', role, index, 'service'], message);
    }
  }
}
