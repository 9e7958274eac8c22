import { ISSUER_PRESETS } from '../../core/issuers/issuer-presets.ts';
import type { Draft, DraftGrant, DraftIdentity } from '../model/draft.ts';
import { indexByName } from '../model/index-by-name.ts';
import type { KeyPath } from '../problems/key-path.ts';
import type { SearchBudget } from '../../util/text/glob-language.ts';
import { constraintsOf } from './bounded-match.ts';
import { isBounded } from './bounded-resource.ts';

/** The credentials that a grant applies to. */
export type GrantHolder = Pick<DraftIdentity, 'issuer' | 'match'>;

/** The first part of a grant that exceeds the delegation, below the path of the grant. */
export interface GrantExcess {
  readonly below: KeyPath;
  readonly message: string;
}

/** The grants of a delegation. */
interface GrantBounds {
  readonly draft: Draft;
  readonly delegated: readonly DraftGrant[];
  readonly budget: SearchBudget;
}

/** Undefined if the grants of the delegation contain the grant. */
export function grantExcess(
  { service, scopes, resources }: DraftGrant,
  { issuer, match }: GrantHolder,
  { draft, delegated: all, budget }: GrantBounds,
): GrantExcess | undefined {
  const delegated = all.filter((grant) => grant.service === service);
  if (delegated.length === 0) {
    const services = all.map((grant) => grant.service);
    return { below: ['service'], message: `"${service}" is not delegated; write ${oneOf(services)}` };
  }
  const type = indexByName(draft.issuers).get(issuer)?.type;
  const context = {
    claims: constraintsOf(match),
    serviceType: indexByName(draft.services).get(service)?.type ?? '',
    pathClaims: type === undefined ? [] : ISSUER_PRESETS[type].pathClaims,
    budget,
  };
  for (const [index, scope] of scopes.entries()) {
    const outer = delegated
      .filter((grant) => grant.scopes.includes(scope))
      .flatMap((grant) => grant.resources);
    if (outer.length === 0) {
      const known = delegated.flatMap((grant) => grant.scopes);
      const message = `"${scope}" is not delegated on service "${service}"; write ${oneOf(known)}`;
      return { below: ['scopes', index], message };
    }
    for (const [position, pattern] of resources.entries()) {
      if (isBounded(pattern, outer, context)) continue;
      const message =
        budget.steps < 0
          ? 'cannot be compared with the delegation: the patterns of the file are too complex; write fewer wildcards, or list fewer values of the claims in them'
          : `is not contained in the delegation for ${scope} on service "${service}"; write a pattern within ${oneOf(outer)}`;
      return { below: ['resources', position], message };
    }
  }
  return undefined;
}

export function oneOf(values: readonly string[]): string {
  return [...new Set(values)].map((value) => `"${value}"`).join(' or ');
}
