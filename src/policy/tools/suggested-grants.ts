import { asScalar, claimAt } from '../../core/credentials/claims.ts';
import type { Claims, CredentialClass } from '../../core/credentials/credential.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../core/issuers/issuer-presets.ts';
import { globTokens } from '../../util/text/glob.ts';
import { compileTemplate } from '../compile/resource-template.ts';
import type { GrantSettings } from '../settings.ts';

/** One operation that a grant is missing for. */
export interface MissingGrant {
  readonly service: string;
  readonly scope: string;
  /** A pattern that matches the resource only. */
  readonly pattern: string;
}

/** Patterns that the configuration refuses, or that contain a placeholder. */
const REFUSED = /[?[\]\\#{}%\p{Cc}]|^\s|\s$/u;

/** The pattern that matches this resource and no other; undefined if patterns cannot express it. */
export function literalPattern(resource: string, serviceType: string): string | undefined {
  const candidates = [resource, decoded(resource)];
  return candidates.find((pattern) => {
    if (pattern === undefined || pattern === '' || REFUSED.test(pattern)) return false;
    if (globTokens(pattern).some(({ kind }) => kind !== 'literal')) return false;
    const expansion = compileTemplate(pattern, serviceType).expand({}, []);
    return expansion.kind === 'pattern' && expansion.glob.test(resource);
  });
}

function decoded(resource: string): string | undefined {
  try {
    return decodeURIComponent(resource);
  } catch {
    return undefined;
  }
}

/** The fewest grants that cover exactly these operations. */
export function groupGrants(missing: readonly MissingGrant[]): GrantSettings[] {
  const byService = Map.groupBy(missing, ({ service }) => service);
  return [...byService].flatMap(([service, entries]) => {
    const byScope = groupBy(
      entries,
      ({ scope }) => scope,
      ({ pattern }) => pattern,
    ).map(({ keys, values }) => ({ service, scopes: keys, resources: values }));
    const byPattern = groupBy(
      entries,
      ({ pattern }) => pattern,
      ({ scope }) => scope,
    ).map(({ keys, values }) => ({ service, scopes: values, resources: keys }));
    return byPattern.length < byScope.length ? byPattern : byScope;
  });
}

/** Keys with equal sets of values are one group: the product of its keys and values contains the entries only. */
function groupBy(
  entries: readonly MissingGrant[],
  keyOf: (entry: MissingGrant) => string,
  valueOf: (entry: MissingGrant) => string,
): { readonly keys: string[]; readonly values: string[] }[] {
  const values = new Map<string, Set<string>>();
  for (const entry of entries) {
    const set = values.get(keyOf(entry)) ?? new Set<string>();
    values.set(keyOf(entry), set.add(valueOf(entry)));
  }
  const sorted = [...values].map(([key, set]) => ({ key, list: [...set].toSorted() }));
  return [...Map.groupBy(sorted, ({ list }) => JSON.stringify(list)).values()].map((group) => ({
    keys: group.map(({ key }) => key).toSorted(),
    values: group[0]?.list ?? [],
  }));
}

/** The conditions of an identity for the recorded claims. */
export type SuggestedMatch =
  | { readonly kind: 'match'; readonly match: Readonly<Record<string, string>> }
  | { readonly kind: 'unusable'; readonly detail: string };

/** Requires every recorded claim, so that the identity matches no other credential that the log describes. */
export function suggestMatch(claims: Claims, names: readonly string[], type: IssuerType): SuggestedMatch {
  const match: Record<string, string> = {};
  const { immutableIds } = ISSUER_PRESETS[type];
  for (const name of new Set(immutableIds.length === 0 ? [...names, 'sub'] : names)) {
    const value = asScalar(claimAt(claims, name));
    if (value === undefined) {
      if (names.includes(name) || claimAt(claims, name) !== undefined)
        return unusable(`claim "${name}" of the credential cannot be compared with one value`);
      continue;
    }
    match[name] = value;
  }
  if (immutableIds.length > 0 && !immutableIds.some((id) => match[id] !== undefined))
    return unusable(`the events contain no immutable claim of the issuer: ${immutableIds.join(', ')}`);
  return Object.keys(match).length === 0 ? unusable('the events contain no claim') : { kind: 'match', match };
}

function unusable(detail: string): SuggestedMatch {
  return { kind: 'unusable', detail };
}

/** A new identity for credentials that match none. */
export interface SuggestedIdentity {
  readonly name: string;
  readonly issuer: string;
  readonly via: readonly CredentialClass[];
  readonly match: Readonly<Record<string, string>>;
  readonly grants: readonly GrantSettings[];
}
