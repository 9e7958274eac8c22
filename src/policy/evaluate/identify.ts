import { claimAt } from '../../core/credentials/claims.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { describeIssuer } from '../../core/credentials/deploy-token.ts';
import { deny } from '../../core/decision.ts';
import { DerivedHolder } from '../../core/derived.ts';
import type { Caller, Deny, NearestIdentity } from '../../core/decision.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../core/issuers/issuer-presets.ts';
import { claimsNotRequested } from '../../core/refusal-messages.ts';
import type { Steps } from '../../util/async/steps.ts';
import { mismatch } from '../compile/identity.ts';
import type { CompiledIdentity } from '../compile/identity.ts';
import { indexIdentities } from '../compile/identity-index.ts';
import { createFindNearest, describeNearest, type FindNearest, type NearestPorts } from './nearest.ts';

/** Result of matching a credential to the identities of the policy. */
export type Identified = IdentifiedCaller | { readonly kind: 'unmatched'; readonly deny: Deny };

export type Identify = (credential: VerifiedCredential) => Identified;

/** Holds the results of the services. */
export class IdentifiedCaller extends DerivedHolder {
  readonly kind = 'caller';
  readonly caller: Caller;
  readonly identity: CompiledIdentity;

  constructor(identity: CompiledIdentity, credential: VerifiedCredential) {
    super();
    this.caller = new HeldCaller(identity, credential);
    this.identity = identity;
  }
}

class HeldCaller extends DerivedHolder implements Caller {
  readonly identity: string;
  readonly roles: readonly string[];
  readonly credential: VerifiedCredential;

  constructor({ name, roles }: CompiledIdentity, credential: VerifiedCredential) {
    super();
    this.identity = name;
    this.roles = roles;
    this.credential = credential;
    Object.freeze(this);
  }
}

/**
 * Matches each credential once. The results belong to this function, so a reloaded policy starts without any. They hold
 * all values that are derived with a policy, so that a cached token keeps no earlier policy in memory.
 */
export function* createIdentify(
  identities: readonly CompiledIdentity[],
  ports: NearestPorts = {},
): Steps<Identify> {
  const named = identities.filter(({ onRequest }) => !onRequest);
  const index = yield* indexIdentities(named);
  const findNearest = createFindNearest(named, ports);
  const byName = new Map(identities.map((identity) => [identity.name, identity]));
  const types = new Map(identities.map(({ issuer, issuerType }) => [issuer, issuerType]));
  const results = new WeakMap<VerifiedCredential, Identified>();

  return (credential) => {
    const cached = results.get(credential);
    if (cached !== undefined) return cached;
    const { minted } = credential;
    // A token minted for an identity never matches another one, even if another one now comes first.
    const result =
      minted === undefined
        ? withHint(
            identifyFirst(index.candidates(credential), credential, findNearest),
            credential,
            types.get(credential.issuer),
          )
        : identifyAs(byName.get(minted.identity ?? ''), credential);
    results.set(credential, result);
    return result;
  };
}

function identifyFirst(
  candidates: readonly CompiledIdentity[],
  credential: VerifiedCredential,
  findNearest: FindNearest,
): Identified {
  const identity = candidates.find((candidate) => mismatch(candidate, credential) === undefined);
  return identity === undefined
    ? unmatched(
        `no identity matches this ${credential.class} of ${describeIssuer(credential.issuer)}`,
        findNearest(credential),
      )
    : new IdentifiedCaller(identity, credential);
}

/** The message names missing claims without regard to the policy, so that it discloses nothing of it. */
function withHint(
  identified: Identified,
  { claims }: VerifiedCredential,
  type: IssuerType | undefined,
): Identified {
  const onRequest = type === undefined ? undefined : ISSUER_PRESETS[type].onRequest;
  if (identified.kind === 'caller' || onRequest === undefined) return identified;
  const missing = onRequest.claims.filter((claim) => claimAt(claims, claim) === undefined);
  if (missing.length === 0) return identified;
  return { ...identified, deny: { ...identified.deny, message: claimsNotRequested(missing, onRequest.how) } };
}

/** Matches a credential to this identity only, whatever its position in the policy. */
export function identifyAs(
  identity: CompiledIdentity | undefined,
  credential: VerifiedCredential,
): Identified {
  const { minted, issuer } = credential;
  const own = identity?.issuer === issuer ? identity : undefined;
  const failed = own && mismatch(own, credential);
  if (own !== undefined && failed === undefined) return new IdentifiedCaller(own, credential);
  return unmatched(
    minted === undefined
      ? `identity "${identity?.name ?? ''}" does not match this ${credential.class} of ${describeIssuer(issuer)}`
      : `identity "${minted.identity ?? ''}", for which this token was minted, no longer matches it`,
    own && failed && describeNearest(own, credential, failed),
  );
}

function unmatched(detail: string, nearest: NearestIdentity | undefined): Identified {
  const denied = deny('no_matching_identity', detail);
  return { kind: 'unmatched', deny: nearest === undefined ? denied : { ...denied, nearest } };
}

/** Whether a token was minted without a credential. It has anonymous access only. */
export function isAnonymousToken({ minted }: VerifiedCredential): boolean {
  return minted !== undefined && minted.identity === undefined;
}
