import type { PresentedCredential, VerifiedCredential } from '../contract/credential.ts';
import type { Deny, Refusal } from '../contract/decision.ts';
import type { EndpointCall } from '../contract/endpoint.ts';
import type { ClientFacts } from '../contract/incoming.ts';

/** Verifies, and counts who guesses or sends junk. */
export type Admit = (
  presented: PresentedCredential | Deny,
  from: { readonly host: string; readonly client: ClientFacts },
) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;

/** What a credential is; the audit trail is told as much as is known. */
export async function prove(
  call: EndpointCall,
  presented: PresentedCredential | Deny,
  admit: Admit,
): Promise<VerifiedCredential | Refusal> {
  if (!('kind' in presented)) call.presented = presented;
  const { incoming, head } = call;
  const verified = await admit(presented, { host: head.host, client: incoming.client });
  if (!('kind' in verified)) call.verified = verified;
  return verified;
}
