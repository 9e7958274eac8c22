import type { Draft, DraftGrant } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';
import { createContainment, readGrantedPattern, type GrantedPattern } from './contained-patterns.ts';

/** Limits the time for callers with thousands of grants. */
const MAX_COMPARISONS = 500_000;

interface PlacedGrant {
  readonly path: KeyPath;
  readonly scopes: readonly string[];
  readonly resources: readonly GrantedPattern[];
}

type GrantsByService = ReadonlyMap<string, readonly PlacedGrant[]>;

/** Warns about grants that another grant of the same caller covers. */
export function checkCoveredGrants(context: RuleContext): void {
  const { identities, deployTokens, services } = context.draft;
  const isContained = createContainment();
  const roles = placeRoles(context.draft);
  let comparisons = 0;
  const covers = (outer: PlacedGrant, inner: PlacedGrant): boolean => {
    comparisons += 1;
    return (
      inner.scopes.every((scope) => outer.scopes.includes(scope)) &&
      inner.resources.every((pattern) => isContained(pattern, outer.resources))
    );
  };

  /** Of two equal grants, the second is reported. */
  function compare(own: GrantsByService, held: readonly GrantsByService[]): void {
    for (const [service, grants] of own) {
      const fromRoles = held.flatMap((each) => each.get(service) ?? []);
      for (const [index, grant] of grants.entries()) {
        if (comparisons >= MAX_COMPARISONS) return;
        const cover =
          fromRoles.find((each) => covers(each, grant)) ??
          grants.find(
            (each, at) => at !== index && covers(each, grant) && (at < index || !covers(grant, each)),
          );
        if (cover !== undefined) report(context, grant, cover);
      }
    }
  }

  for (const grants of roles.values()) compare(grants, []);
  for (const { name, grants, roles: names } of identities) {
    if (grants.length === 0) continue;
    const held = names.flatMap((role) => roles.get(role) ?? []);
    compare(place(['identities', name, 'grants'], grants), held);
  }
  for (const { name, grants } of deployTokens) compare(place(['deployTokens', name, 'grants'], grants), []);
  for (const { name, anonymous } of services) {
    const permissions = anonymous.map((permission) => ({ ...permission, service: name }));
    compare(place(['services', name, 'anonymous'], permissions), []);
  }
  if (comparisons >= MAX_COMPARISONS)
    context.note(['identities'], 'too many grants to compare all of one caller with each other', 'key');
}

function report(context: RuleContext, grant: PlacedGrant, cover: PlacedGrant): void {
  const [section, name] = cover.path;
  const owner = section === 'roles' && grant.path[0] !== 'roles' ? `role "${name}"` : 'the same list';
  const message = `has no effect: a grant of ${owner} (${context.where(cover.path)}) covers its scopes and resources; remove it`;
  context.warn(grant.path, message);
}

function placeRoles({ roles }: Draft): ReadonlyMap<string, GrantsByService> {
  return new Map(Object.entries(roles).map(([role, grants]) => [role, place(['roles', role], grants)]));
}

function place(path: KeyPath, grants: readonly DraftGrant[]): GrantsByService {
  const placed = grants.map(({ service, scopes, resources }, index) => ({
    service,
    grant: { path: [...path, index], scopes, resources: resources.map(readGrantedPattern) },
  }));
  const byService = new Map<string, PlacedGrant[]>();
  for (const { service, grant } of placed) {
    const known = byService.get(service);
    if (known === undefined) byService.set(service, [grant]);
    else known.push(grant);
  }
  return byService;
}
