import { scalarClaim } from '../../core/credentials/claims.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { ISSUER_PRESETS } from '../../core/issuers/issuer-presets.ts';
import { inSteps, type Steps } from '../../util/async/steps.ts';
import type { Operand } from './condition.ts';
import type { CompiledIdentity } from './identity.ts';

/** Finds the identities that a credential can match, at a cost independent of their number. */
export interface IdentityIndex {
  /** A superset of the matching identities, in the order of the policy. */
  candidates(credential: VerifiedCredential): readonly CompiledIdentity[];
}

/** Positions of identities in the policy, by the value of one claim. */
type Buckets = Map<string, number[]>;

interface IssuerIndex {
  readonly byClaim: Map<string, Buckets>;
  /** Positions of identities without an `equals` or `in` condition. */
  readonly rest: number[];
}

/** Indexes each identity by one of its conditions, the most selective one. */
export function* indexIdentities(identities: readonly CompiledIdentity[]): Steps<IdentityIndex> {
  const shared = yield* countShared(identities);
  const byIssuer = new Map<string, IssuerIndex>();
  yield* inSteps(identities, (identity, position) => {
    const index = entry(byIssuer, identity.issuer, () => ({ byClaim: new Map(), rest: [] }));
    const anchor = pickAnchor(identity, shared);
    if (anchor === undefined) {
      index.rest.push(position);
      return;
    }
    const buckets = entry(index.byClaim, anchor.claim, () => new Map<string, number[]>());
    for (const value of new Set(anchor.expected)) {
      const positions = buckets.get(value);
      // Most values have one identity. An array that grows from nothing reserves 17 elements.
      if (positions === undefined) buckets.set(value, [position]);
      else positions.push(position);
    }
  });

  return {
    candidates(credential) {
      const index = byIssuer.get(credential.issuer);
      if (index === undefined) return [];
      const positions = [...index.rest];
      for (const [claim, buckets] of index.byClaim) {
        const value = scalarClaim(credential.claims, claim);
        if (value !== undefined) positions.push(...(buckets.get(value) ?? []));
      }
      return positions.sort((a, b) => a - b).flatMap((position) => identities[position] ?? []);
    },
  };
}

/** Number of identities with the same claim value, by issuer and claim, and then by value. */
type Shared = Map<string, Map<string, number>>;

function* countShared(identities: readonly CompiledIdentity[]): Steps<Shared> {
  const shared: Shared = new Map();
  yield* inSteps(identities, (identity) => {
    for (const operand of identity.operands().filter(bindsValues)) {
      const values = entry(shared, sharedKey(identity, operand), () => new Map<string, number>());
      for (const value of operand.expected) values.set(value, (values.get(value) ?? 0) + 1);
    }
  });
  return shared;
}

/**
 * Picks the condition whose values the fewest identities share; in a tie, the first immutable id of the
 * issuer's preset.
 */
function pickAnchor(identity: CompiledIdentity, shared: Shared): Operand | undefined {
  const ids = ISSUER_PRESETS[identity.issuerType].immutableIds;
  const rank = ({ claim }: Operand) => (ids.includes(claim) ? ids.indexOf(claim) : ids.length);
  const rivals = (operand: Operand) => {
    const values = shared.get(sharedKey(identity, operand));
    return operand.expected.reduce((most, value) => Math.max(most, values?.get(value) ?? 0), 0);
  };
  return identity
    .operands()
    .filter(bindsValues)
    .sort((a, b) => rivals(a) - rivals(b) || rank(a) - rank(b))
    .at(0);
}

function bindsValues({ operator }: Operand): boolean {
  return operator === 'equals' || operator === 'in';
}

/** A collision would only change which condition the index selects. */
function sharedKey({ issuer }: CompiledIdentity, { claim }: Operand): string {
  return `${issuer}\n${claim}`;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const present = map.get(key);
  if (present !== undefined) return present;
  const made = make();
  map.set(key, made);
  return made;
}
