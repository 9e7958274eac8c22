import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Deny, type Refusal } from '../../core/decision.ts';
import type { RefuseEnded } from '../../core/credentials/liveness.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import type { EndpointRefusal } from '../endpoint/outcome.ts';
import { refuseUnmatched } from './describe-credential.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';

export interface CallerPorts {
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  readonly verifyCredential: VerifyCredential;
  readonly identify: (credential: VerifiedCredential) => Caller | Deny;
  readonly refuseRevoked: (credential: VerifiedCredential, caller: Caller | undefined) => Refusal | undefined;
  /** Undefined if no issuer reports whether a job runs. */
  readonly refuseEnded: RefuseEnded | undefined;
}

/** The caller of an endpoint that describes its caller. Records the decision in `call`. */
export async function authorizeCaller(
  call: EndpointCall,
  ports: CallerPorts,
): Promise<Caller | Refusal | EndpointRefusal> {
  const presented = ports.extract(call.head);
  if (presented === undefined) return deny('no_credential', 'the request has no credential to describe');
  const verified = await authenticateCaller(call, presented, ports.verifyCredential);
  if ('kind' in verified) return verified;
  const identified = ports.identify(verified);
  const caller = 'kind' in identified ? undefined : identified;
  const revoked = ports.refuseRevoked(verified, caller);
  if (revoked !== undefined) return revoked;
  if ('kind' in identified) return refuseUnmatched(identified, verified);
  const ended = await ports.refuseEnded?.(verified, call.presented?.token ?? '', identified);
  if (ended !== undefined) return ended;
  call.decision = { kind: 'allow', basis: 'grant', caller: identified, relaxed: undefined };
  call.reason = 'granted';
  return identified;
}
