import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { Deny, Refusal } from '../core/decision.ts';
import type { EndpointCall } from '../core/request/endpoint.ts';
import type { ClientFacts } from '../core/request/incoming.ts';

/** Verifies a credential and counts failed attempts per client address. */
export type VerifyCredential = (
  presented: PresentedCredential | Deny,
  from: { readonly host: string; readonly client: ClientFacts },
) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;

/** Verifies the credential of a call; records in `call` what the audit event reports about it. */
export async function authenticateCaller(
  call: EndpointCall,
  presented: PresentedCredential | Deny,
  verifyCredential: VerifyCredential,
): Promise<VerifiedCredential | Refusal> {
  if (!('kind' in presented)) call.presented = presented;
  const { incoming, head } = call;
  const verified = await verifyCredential(presented, { host: head.host, client: incoming.client });
  if (!('kind' in verified)) call.verified = verified;
  return verified;
}
