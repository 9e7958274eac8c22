import type { Identity } from './draft.ts';
import type { RuleContext } from './rule.ts';

/** Warnings of what is there and has no effect. Only of configurations without errors of shape. */
export function checkReach(context: RuleContext): void {
  const { identities, roles, services, issuers } = context.draft;
  if (issuers.length === 0) context.warn(['issuers'], 'there are none: no token will be accepted');
  if (identities.length === 0)
    context.warn(['identities'], 'there are none: only anonymous requests can be allowed');
  if (services.length === 0) context.warn(['services'], 'there are none: every request will be answered 404');

  const used = new Set(identities.flatMap((identity) => identity.roles));
  for (const role of Object.keys(roles)) {
    if (!used.has(role)) context.warn(['roles', role], 'no identity has this role', 'key');
  }
  for (const service of services) {
    const accepts = (identity: Identity): boolean =>
      (service.issuers === undefined || service.issuers.includes(identity.issuer)) &&
      servicesOf(identity, roles).has(service.name);
    if (service.anonymous.length > 0 || identities.some(accepts)) continue;
    context.warn(
      ['services', service.name],
      'nobody may reach it: no grant of an identity whose issuer it accepts names it',
      'key',
    );
  }
}

function servicesOf({ roles: names, grants }: Identity, roles: RuleContext['draft']['roles']): Set<string> {
  const all = [
    ...grants,
    ...names.flatMap((name) => (Object.hasOwn(roles, name) ? (roles[name] ?? []) : [])),
  ];
  return new Set(all.map(({ service }) => service));
}
