import { DEFAULT_TOKEN_LIFETIME } from '../../../core/credentials/minted-token.ts';
import { issuerForms } from '../../../core/issuers/issuer-urls.ts';
import type { AccessDifference, ComparedSettings, IsWritten } from './access-difference.ts';
import { accessDifferences } from './setting-effects.ts';

/**
 * Settings other than grants that determine which requests a scope covers and which tokens are valid. A gain and a
 * loss are possible for each of them.
 */
export function* settingDifferences(
  from: ComparedSettings,
  to: ComparedSettings,
  isWritten: IsWritten,
): Generator<AccessDifference> {
  for (const section of UNNAMED_SECTIONS) {
    for (const path of accessDifferences(section, from[section], to[section]))
      yield differenceAt(path.split('.'), '*', `${path} differs, which applies to all services`);
  }
  for (const { name, ...service } of to.services) {
    const before = from.services.find((each) => each.name === name);
    if (before === undefined) continue;
    const { name: _, ...earlier } = before;
    for (const key of keysOf('services', earlier, service)) {
      if (!isWritten(['services', name, ...key.split('.')])) continue;
      const reason = `services.${name}.${key} differs, so that a grant covers other requests or effects`;
      yield differenceAt(['services', name, ...key.split('.')], name, reason);
    }
  }
  for (const { name, ...issuer } of to.issuers) {
    const forms = issuerForms(issuer.type, issuer.issuer);
    const before = from.issuers.find((each) =>
      issuerForms(each.type, each.issuer).some((form) => forms.includes(form)),
    );
    if (before === undefined) continue;
    const { name: earlierName, ...earlier } = before;
    for (const key of keysOf('issuers', earlier, issuer)) {
      if (![name, earlierName].some((each) => isWritten(['issuers', each, ...key.split('.')]))) continue;
      const reason = `issuers.${name}.${key} differs, so that other tokens are valid`;
      yield differenceAt(['issuers', name, ...key.split('.')], '*', reason);
    }
  }
  yield* lifetimeDifferences(from, to);
}

/** Sections whose settings have no name. */
export const UNNAMED_SECTIONS = ['server', 'state', 'signing', 'delegations'] as const;

/** Keys of an entry that affect access and differ. */
function keysOf(section: string, before: object, after: object): readonly string[] {
  const prefix = `${section}.*`;
  return accessDifferences(prefix, before, after).map((path) => path.slice(prefix.length + 1));
}

/** A token that the gateway issues keeps its identity until it expires. */
function* lifetimeDifferences(from: ComparedSettings, to: ComparedSettings): Generator<AccessDifference> {
  const earlier = new Map(from.identities.map((identity) => [identity.name, identity]));
  for (const identity of to.identities) {
    const { name, tokenLifetime = DEFAULT_TOKEN_LIFETIME } = identity;
    const before = earlier.get(name);
    if (before === undefined || tokenLifetime <= (before.tokenLifetime ?? DEFAULT_TOKEN_LIFETIME)) continue;
    const reason = 'tokens that the gateway issues to the identity are valid for longer';
    const rule = [...pathOfIdentity(identity), 'tokenLifetime'];
    yield { ...differenceAt(rule, '*', reason), identity: name };
  }
}

/** The path of an identity; of a workload identity, if that defines it. */
export function pathOfIdentity({
  name,
  onRequest,
}: ComparedSettings['identities'][number]): readonly string[] {
  return [onRequest === true ? 'workloadIdentities' : 'identities', name];
}

function differenceAt(rule: readonly string[], service: string, reason: string): AccessDifference {
  const everything = { identity: '*', class: '*', scope: '*', resource: '**' } as const;
  return { ...everything, service, certainty: 'possible', reason, rule };
}

export function differingKeys(
  a: object,
  b: object,
  without: ReadonlySet<string> = new Set(['name']),
): readonly string[] {
  const [before, after] = [a, b].map((each) => new Map(Object.entries(each)));
  const keys = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...keys].filter(
    (key) => !without.has(key) && JSON.stringify(before?.get(key)) !== JSON.stringify(after?.get(key)),
  );
}
