import type { Draft, DraftIdentity } from './draft.ts';

/** Names of the services that the identity has grants on, by its roles too. */
export function servicesOf({ roles: names, grants }: DraftIdentity, roles: Draft['roles']): Set<string> {
  const all = [
    ...grants,
    ...names.flatMap((name) => (Object.hasOwn(roles, name) ? (roles[name] ?? []) : [])),
  ];
  return new Set(all.map(({ service }) => service));
}
