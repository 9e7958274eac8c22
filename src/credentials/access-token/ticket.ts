import type { Claims, Ticket } from '../../core/credentials/credential.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import { deny, unable, type Refusal } from '../../core/decision.ts';
import { GatehouseError } from '../../core/errors.ts';

/** Reads the target of a ticket whose signature has been verified. */
export async function readTicket(
  { path, query, jti }: Claims,
  kid: string,
  keyring: Pick<Keyring, 'unseal'>,
): Promise<Ticket | Refusal> {
  if (typeof path !== 'string' || typeof jti !== 'string')
    return deny('credential_malformed', 'the ticket has no path or jti');
  if (query === undefined) return { path, query: '' };
  if (typeof query !== 'string') return deny('credential_malformed', 'the query of the ticket is not text');
  try {
    const opened = await keyring.unseal(kid, query, jti);
    return opened === undefined
      ? deny('signature_invalid', 'the private key that sealed the ticket is no longer available')
      : { path, query: opened };
  } catch (cause) {
    if (cause instanceof GatehouseError) return unable('store_unavailable', cause.message);
    throw cause;
  }
}
