import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { TICKET_PARAMETER } from '../../core/credentials/ticket.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { queryCredentials } from './query-parameter.ts';

const TICKETS: ReadonlySet<string> = new Set([TICKET_PARAMETER]);

/**
 * Returns the ticket in the query. Its URL comes from the gateway, so that it replaces credential headers: go-getter
 * adds the credential of `.netrc`. `queryParameters`: all credential parameters; a second one is a conflict.
 */
export function findTicket(
  query: string,
  queryParameters: ReadonlySet<string>,
): PresentedCredential | undefined | Deny {
  const [ticket] = queryCredentials(query, TICKETS);
  if (ticket === undefined) return undefined;
  if (queryCredentials(query, queryParameters).length > 1)
    return deny('credential_conflict', 'a download ticket with another credential in the query');
  const { token } = ticket;
  if (token === undefined || token === '')
    return deny('credential_malformed', 'the download ticket is not text');
  return { class: 'access_token', credentialSource: 'ticket', token, username: undefined };
}
