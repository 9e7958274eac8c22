import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Caller, Deny } from '../../core/decision.ts';
import { mismatch } from '../compile/identity.ts';
import type { CompiledIdentity } from '../compile/identity.ts';
import { indexIdentities } from '../compile/identity-index.ts';

export type Identified =
  | { readonly kind: 'caller'; readonly caller: Caller; readonly identity: CompiledIdentity }
  | { readonly kind: 'stranger'; readonly deny: Deny };

export type Identify = (credential: VerifiedCredential) => Identified;

/** Each credential is matched once; a new policy brings a new function, and with it nothing stale. */
export function createIdentify(identities: readonly CompiledIdentity[]): Identify {
  const index = indexIdentities(identities.filter(({ onRequest }) => !onRequest));
  const byName = new Map(identities.map((identity) => [identity.name, identity]));
  const results = new WeakMap<VerifiedCredential, Identified>();

  return (credential) => {
    const earlier = results.get(credential);
    if (earlier !== undefined) return earlier;
    const { minted } = credential;
    // A token that was minted for one identity makes nobody another, whichever is first today.
    const result =
      minted === undefined
        ? asFirst(index.candidates(credential), credential)
        : identifyAs(byName.get(minted.identity ?? ''), credential);
    results.set(credential, result);
    return result;
  };
}

function asFirst(candidates: readonly CompiledIdentity[], credential: VerifiedCredential): Identified {
  const identity = candidates.find((candidate) => mismatch(candidate, credential) === undefined);
  return identity === undefined
    ? stranger(`no identity matches this ${credential.class} of issuer "${credential.issuer}"`)
    : known(identity, credential);
}

/** As this identity and no other, whatever comes before it in the policy. */
export function identifyAs(
  identity: CompiledIdentity | undefined,
  credential: VerifiedCredential,
): Identified {
  const { minted, issuer } = credential;
  if (identity?.issuer === issuer && mismatch(identity, credential) === undefined)
    return known(identity, credential);
  return stranger(
    minted === undefined
      ? `identity "${identity?.name ?? ''}" does not match this ${credential.class} of issuer "${issuer}"`
      : `identity "${minted.identity ?? ''}", for which this was minted, no longer matches it`,
  );
}

function known(identity: CompiledIdentity, credential: VerifiedCredential): Identified {
  const { name, roles } = identity;
  return { kind: 'caller', caller: Object.freeze({ identity: name, roles, credential }), identity };
}

function stranger(detail: string): Identified {
  return { kind: 'stranger', deny: deny('no_matching_identity', detail) };
}

/** A token that was minted without a credential: it counts as none, and allows what anonymous requests are allowed. */
export function isAnonymousToken({ minted }: VerifiedCredential): boolean {
  return minted !== undefined && minted.identity === undefined;
}
