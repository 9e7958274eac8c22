import { claimAt } from '../../core/credentials/claims.ts';
import type { CredentialClass, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { NearestIdentity } from '../../core/decision.ts';
import { TokenBucket } from '../../util/limits/token-bucket.ts';
import { holdsFor } from '../compile/condition.ts';
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

/** Each search reads every identity of the issuer, so a flood of different credentials must not repeat it. */
const SEARCHES_PER_SECOND = 100;

/** `identities` are in policy order, without those that match only on request. The caller caches the results. */
export function createFindNearest(
  identities: readonly CompiledIdentity[],
  { now = () => performance.now(), skipped }: NearestPorts,
): FindNearest {
  const groups = new Map<string, CompiledIdentity[]>();
  for (const identity of identities) {
    for (const kind of identity.via) {
      const key = groupKey(identity.issuer, kind);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [identity]);
      else group.push(identity);
    }
  }
  const bucket = new TokenBucket({ perSecond: SEARCHES_PER_SECOND, burst: SEARCHES_PER_SECOND }, now);

  return (credential) => {
    const rivals = groups.get(groupKey(credential.issuer, credential.class));
    if (rivals === undefined) return undefined;
    if (!bucket.take()) {
      skipped?.();
      return undefined;
    }
    const identity = closest(rivals, credential);
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

/** Most conditions satisfied; in a tie, the first of the policy. */
function closest(
  rivals: readonly CompiledIdentity[],
  { claims }: VerifiedCredential,
): CompiledIdentity | undefined {
  let best: CompiledIdentity | undefined;
  let most = -1;
  for (const identity of rivals) {
    let satisfied = 0;
    for (const condition of identity.conditions) if (holdsFor(condition, claims)) satisfied += 1;
    if (satisfied <= most) continue;
    best = identity;
    most = satisfied;
  }
  return best;
}
