import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { Deny, Refusal } from '../core/decision.ts';
import type { EndpointCall } from '../core/request/endpoint.ts';
import type { ClientFacts } from '../core/request/incoming.ts';

/** Verifies, and counts who guesses or sends junk. */
export type VerifyCredential = (
  presented: PresentedCredential | Deny,
  from: { readonly host: string; readonly client: ClientFacts },
) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;

/** What a credential is; the audit trail is told as much as is known. */
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
