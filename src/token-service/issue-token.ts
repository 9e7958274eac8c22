import { hash } from 'node:crypto';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Allow, type Caller, type Deny, type Refusal } from '../core/decision.ts';
import type { EndpointCall } from '../core/request/endpoint.ts';
import type { Clock } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import type { Mint, SignedToken, MintRequest } from './mint.ts';

export interface IssueTokenPorts {
  readonly refuseRevoked: (credential: VerifiedCredential, caller: Caller | undefined) => Refusal | undefined;
  readonly mint: Mint;
  readonly store: Pick<Store, 'claim'>;
  readonly clock: Clock;
  /** Issuers whose id tokens are exchanged once. */
  readonly once: ReadonlySet<string>;
}

/** A token for a caller, unless what it is minted from was revoked, or exchanged before where that is for once. */
export async function issueToken(
  call: EndpointCall,
  caller: Caller,
  wanted: Pick<MintRequest, 'audience' | 'workload' | 'publishing' | 'extra'>,
  ports: IssueTokenPorts,
): Promise<SignedToken | Refusal> {
  const { identity, credential } = caller;
  const revoked = ports.refuseRevoked(credential, caller);
  if (revoked !== undefined) return revoked;
  const minted = await ports.mint({ source: credential, identity, ...wanted });
  if (minted.kind === 'deny') return { ...minted, caller };
  // Last, so that nothing else that fails has used the id token up.
  const replayed = await refuseReplayed(credential, ports);
  if (replayed !== undefined) return { ...replayed, caller };
  recordIssuedToken(call, minted, 'grant', caller);
  return minted;
}

/** What the audit trail says of a token that was given out. */
export function recordIssuedToken(
  call: EndpointCall,
  { jti, expiresIn }: SignedToken,
  basis: Allow['basis'],
  caller: Caller | undefined,
): void {
  call.decision = { kind: 'allow', basis, caller, relaxed: undefined };
  call.reason = basis === 'grant' ? 'granted' : basis;
  call.detail = `token ${jti} for ${expiresIn} s`;
}

/** Other replicas' clocks may be behind. */
const MARGIN = 60_000;

/** One id token, one exchange, whichever replica is asked. Rejects with `store_unavailable` where nobody can tell. */
async function refuseReplayed(
  { class: kind, issuer, jti, expiresAt }: VerifiedCredential,
  { store, clock, once }: IssueTokenPorts,
): Promise<Deny | undefined> {
  if (kind !== 'id_token' || !once.has(issuer)) return undefined;
  if (jti === undefined)
    return deny('credential_invalid', `issuer ${issuer} is for once, and this has no id`);
  const name = hash('sha256', JSON.stringify([issuer, jti]));
  const first = await store.claim(name, expiresAt - clock.now() + MARGIN);
  return first ? undefined : deny('credential_invalid', 'this id token was exchanged before');
}
