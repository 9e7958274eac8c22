import type { Draft, DraftIdentity } from './draft.ts';

/** Several rules ask for each service. An identity belongs to one draft, and so to one set of roles. */
const known = new WeakMap<DraftIdentity, ReadonlySet<string>>();

/** Names of the services that the identity has grants on, by its roles too. */
export function servicesOf(identity: DraftIdentity, roles: Draft['roles']): ReadonlySet<string> {
  const made = known.get(identity) ?? namesOf(identity, roles);
  known.set(identity, made);
  return made;
}

function namesOf({ roles: names, grants }: DraftIdentity, roles: Draft['roles']): ReadonlySet<string> {
  const all = [
    ...grants,
    ...names.flatMap((name) => (Object.hasOwn(roles, name) ? (roles[name] ?? []) : [])),
  ];
  return new Set(all.map(({ service }) => service));
}
