import { claimAt, scalarClaim } from '../../core/credentials/claims.ts';
import type { CredentialClass, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { NearestIdentity } from '../../core/decision.ts';
import { TokenBucket } from '../../util/limits/token-bucket.ts';
import { holdsFor, type Condition } from '../compile/condition.ts';
import type { CompiledIdentity, Mismatch } from '../compile/identity.ts';
import { mismatch } from '../compile/identity.ts';

/** Finds the identity that is closest to a credential that matches none. */
export type FindNearest = (credential: VerifiedCredential) => NearestIdentity | undefined;

export interface NearestPorts {
  /** Milliseconds. Default: the monotonic clock. */
  readonly now?: () => number;
  /** A search was skipped, because there were more than `SEARCHES_PER_SECOND`. */
  readonly skipped?: () => void;
}

/** Each search counts conditions of every identity of the issuer, so a flood of different credentials must not repeat it. */
const SEARCHES_PER_SECOND = 100;

/** `identities` are in policy order, without those that match only on request. The caller caches the results. */
export function createFindNearest(
  identities: readonly CompiledIdentity[],
  { now = () => performance.now(), skipped }: NearestPorts,
): FindNearest {
  const members = new Map<string, CompiledIdentity[]>();
  for (const identity of identities) {
    for (const kind of identity.via) {
      const key = groupKey(identity.issuer, kind);
      const group = members.get(key);
      if (group === undefined) members.set(key, [identity]);
      else group.push(identity);
    }
  }
  const groups = new Map<string, Closest>();
  const bucket = new TokenBucket({ perSecond: SEARCHES_PER_SECOND, burst: SEARCHES_PER_SECOND }, now);

  return (credential) => {
    const key = groupKey(credential.issuer, credential.class);
    const rivals = members.get(key);
    if (rivals === undefined) return undefined;
    if (!bucket.take()) {
      skipped?.();
      return undefined;
    }
    // Indexed at the first search, because most policies of a reload storm never need it.
    let closest = groups.get(key);
    if (closest === undefined) {
      closest = indexConditions(rivals);
      groups.set(key, closest);
    }
    const identity = closest(credential);
    const failed = identity && mismatch(identity, credential);
    return failed && describeNearest(identity, credential, failed);
  };
}

/** The failed condition of an identity, as the audit event names it. Undefined for another credential class. */
export function describeNearest(
  { name }: CompiledIdentity,
  { claims }: VerifiedCredential,
  failed: Mismatch,
): NearestIdentity | undefined {
  switch (failed.kind) {
    case 'class':
      return undefined;
    case 'guard':
      return {
        identity: name,
        claim: failed.claim,
        actual: claimAt(claims, failed.claim),
        why: failed.why,
      };
    case 'condition': {
      const { claim, operator, expected, actual } = failed;
      return { identity: name, claim, operator, expected, actual };
    }
    default:
      return failed satisfies never;
  }
}

function groupKey(issuer: string, kind: CredentialClass): string {
  return `${kind} ${issuer}`;
}

type Closest = (credential: VerifiedCredential) => CompiledIdentity | undefined;

/**
 * Finds the identity with the most satisfied conditions; in a tie, the first of the policy. Conditions on values are
 * indexed, so that a search reads the satisfied ones only, and not every condition of thousands of identities.
 */
function indexConditions(rivals: readonly CompiledIdentity[]): Closest {
  const byClaim = new Map<string, Map<string, number[]>>();
  const others: { readonly position: number; readonly condition: Condition }[] = [];
  for (const [position, { conditions }] of rivals.entries()) {
    for (const condition of conditions) {
      const { claim, operator, expected } = condition;
      if (operator !== 'equals' && operator !== 'in') {
        others.push({ position, condition });
        continue;
      }
      const values = byClaim.get(claim) ?? new Map<string, number[]>();
      byClaim.set(claim, values);
      for (const value of new Set(expected)) {
        const positions = values.get(value);
        if (positions === undefined) values.set(value, [position]);
        else positions.push(position);
      }
    }
  }

  return ({ claims }) => {
    const satisfied = new Uint32Array(rivals.length);
    const count = (position: number): void => void (satisfied[position] = (satisfied[position] ?? 0) + 1);
    for (const [claim, values] of byClaim) {
      const value = scalarClaim(claims, claim);
      for (const position of (value === undefined ? undefined : values.get(value)) ?? []) count(position);
    }
    for (const { position, condition } of others) if (holdsFor(condition, claims)) count(position);
    let best = 0;
    for (let each = 1; each < satisfied.length; each++)
      if ((satisfied[each] ?? 0) > (satisfied[best] ?? 0)) best = each;
    return rivals[best];
  };
}
