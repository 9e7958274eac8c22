import type { VerifiedCredential } from '../contract/credential.ts';
import { deny } from '../contract/decision.ts';
import type { Caller, Deny } from '../contract/decision.ts';
import { mismatch } from './identity.ts';
import type { CompiledIdentity } from './identity.ts';
import { indexIdentities } from './identity-index.ts';

export type Identified =
  | { readonly kind: 'caller'; readonly caller: Caller; readonly identity: CompiledIdentity }
  | { readonly kind: 'stranger'; readonly deny: Deny };

export type Identify = (credential: VerifiedCredential) => Identified;

/** Each credential is matched once; a new policy brings a new function, and with it nothing stale. */
export function createIdentify(identities: readonly CompiledIdentity[]): Identify {
  const index = indexIdentities(identities);
  const results = new WeakMap<VerifiedCredential, Identified>();

  return (credential) => {
    const earlier = results.get(credential);
    if (earlier !== undefined) return earlier;
    const { minted } = credential;
    const identity = index
      .candidates(credential)
      // A token that was minted for one identity makes nobody another, whichever is first today.
      .filter(({ name }) => minted === undefined || name === minted.identity)
      .find((candidate) => mismatch(candidate, credential) === undefined);
    const result: Identified =
      identity === undefined
        ? {
            kind: 'stranger',
            deny: deny(
              'no_matching_identity',
              minted === undefined
                ? `no identity matches this ${credential.class} of issuer "${credential.issuer}"`
                : `identity "${minted.identity ?? ''}", for which this was minted, no longer matches it`,
            ),
          }
        : {
            kind: 'caller',
            caller: Object.freeze({ identity: identity.name, roles: identity.roles, credential }),
            identity,
          };
    results.set(credential, result);
    return result;
  };
}
