import type { DraftService } from '../../model/draft.ts';
import { identitiesOf } from '../../model/expand-workload.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';
import { servicesOf } from '../../model/services-of.ts';
import { hint } from '../../problems/suggest.ts';

const DEFAULT = 'default';

/** Each entry must name an identity or a deploy token. */
export function checkPerIdentity(context: RuleContext): void {
  const { identities, deployTokens } = context.names;
  if (identities === undefined || deployTokens === undefined) return;
  const shorthands = context.draft.workloadIdentities.filter(({ identity }) => identity === undefined);
  const callers = new Set([
    ...identities,
    ...shorthands.map(({ name }) => name),
    ...[...deployTokens].map((name) => `deploy-token:${name}`),
  ]);
  for (const { path, entries } of perIdentities(context)) {
    if (identities.has(DEFAULT)) {
      const where = context.where(['identities', DEFAULT]);
      context.error(path, `an identity is named "default" too (${where}): rename it`, 'key');
    }
    for (const name of entries) {
      if (name === DEFAULT || callers.has(name)) continue;
      const message = `no identity is named "${name}", nor a deploy token (deploy-token:NAME)`;
      context.error([...path, name], message + hint(name, [...callers, DEFAULT]), 'key');
    }
  }
}

/** Warns about callers without an entry and entries without a caller. Runs only if the schema refused no entry. */
export function checkPerIdentityReach(context: RuleContext): void {
  const { deployTokens, roles } = context.draft;
  const identities = identitiesOf(context.draft);
  for (const { service, path, entries } of perIdentities(context)) {
    const callers = new Map([
      ...identities.map(
        (identity) => [identity.name, servicesOf(identity, roles).has(service.name)] as const,
      ),
      ...deployTokens.map(({ name, grants }) => {
        return [`deploy-token:${name}`, grants.some((grant) => grant.service === service.name)] as const;
      }),
    ]);
    for (const name of entries) {
      if (callers.get(name) !== false) continue;
      context.warn([...path, name], `is never used: "${name}" has no grant of this service`, 'key');
    }
    if (entries.includes(DEFAULT)) continue;
    const listed = new Set(entries);
    for (const [name, may] of callers) {
      if (!may || listed.has(name)) continue;
      const message = `"${name}" has grants here and no entry, and there is no default: it is refused`;
      context.warn(path, message, 'key');
    }
    if (service.anonymous.length === 0) continue;
    context.warn(path, 'there is no default: what `anonymous` allows is refused all the same', 'key');
  }
}

function perIdentities(context: RuleContext): readonly {
  readonly service: DraftService;
  readonly path: KeyPath;
  readonly entries: readonly string[];
}[] {
  return context.draft.services.flatMap((service) => {
    const entries = service.upstream?.auth?.perIdentity;
    const path = ['services', service.name, 'upstream', 'auth', 'perIdentity'];
    return entries === undefined ? [] : [{ service, path, entries: Object.keys(entries) }];
  });
}
