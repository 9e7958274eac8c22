import { hash } from 'node:crypto';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { basisReason, deny, type Allow, type Caller, type Deny, type Refusal } from '../core/decision.ts';
import type { RefuseEnded } from '../core/credentials/liveness.ts';
import type { EndpointCall } from '../core/request/endpoint.ts';
import type { Clock } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import type { Mint, SignedToken, MintRequest } from './mint.ts';

export interface IssueTokenPorts {
  readonly refuseRevoked: (credential: VerifiedCredential, caller: Caller | undefined) => Refusal | undefined;
  /** Undefined if no issuer reports whether a job runs. */
  readonly refuseEnded: RefuseEnded | undefined;
  readonly mint: Mint;
  readonly store: Pick<Store, 'claim'>;
  readonly clock: Clock;
  /** Issuers whose ID tokens can be exchanged once: with `replay: once`, or all at some publishing endpoints. */
  readonly once: ReadonlySet<string>;
}

/** Issues a token to the caller unless the source credential is revoked or was already exchanged (`replay: once`). */
export async function issueToken(
  call: EndpointCall,
  caller: Caller,
  request: Pick<MintRequest, 'audience' | 'workload' | 'publishing' | 'extra'>,
  ports: IssueTokenPorts,
): Promise<SignedToken | Refusal> {
  const { identity, credential } = caller;
  const revoked = ports.refuseRevoked(credential, caller);
  if (revoked !== undefined) return revoked;
  const ended = await ports.refuseEnded?.(credential, call.presented?.token ?? '', caller);
  if (ended !== undefined) return ended;
  const minted = await ports.mint({ source: credential, identity, ...request });
  if (minted.kind === 'deny') return { ...minted, caller };
  // The last check: a failure of an earlier one does not use up the ID token.
  const replay = await refuseReplay(credential, ports);
  if (replay !== undefined) return { ...replay, caller };
  recordIssuedToken(call, minted, 'grant', caller);
  return minted;
}

/** Records an issued token in the audit event. */
export function recordIssuedToken(
  call: EndpointCall,
  { jti, expiresIn }: SignedToken,
  basis: Allow['basis'],
  caller: Caller | undefined,
): void {
  call.decision = { kind: 'allow', basis, caller, relaxed: undefined };
  call.reason = basisReason(basis);
  call.detail = `issued token ${jti}, valid for ${expiresIn} s`;
}

/** Milliseconds. Clocks of other replicas may be behind. */
export const REPLICA_CLOCK_MARGIN = 60_000;

/** Allows one exchange per ID token across all replicas. Rejects with `store_unavailable`. */
async function refuseReplay(
  { class: kind, issuer, jti, expiresAt }: VerifiedCredential,
  { store, clock, once }: IssueTokenPorts,
): Promise<Deny | undefined> {
  if (kind !== 'id_token' || !once.has(issuer)) return undefined;
  if (jti === undefined)
    return deny(
      'credential_invalid',
      `an ID token of issuer ${issuer} can be exchanged once, which requires the claim jti; the token has none`,
    );
  const name = hash('sha256', JSON.stringify([issuer, jti]));
  const first = await store.claim(name, expiresAt - clock.now() + REPLICA_CLOCK_MARGIN);
  return first ? undefined : deny('credential_invalid', 'the ID token has already been exchanged');
}
