import type { Operation } from '../request/operation.ts';
import type { Ticket, VerifiedCredential } from './credential.ts';

/** `typ` of tickets. Every other endpoint and credential source refuses tokens of this type. */
export const TICKET_TYPE = 'ticket+jwt';

/** The query parameter with the ticket. */
export const TICKET_PARAMETER = 'download_token';

/** Milliseconds. */
export const TICKET_LIFETIME = 5 * 60_000;

/** The request that a ticket continues. */
export interface TicketGrant {
  readonly service: string;
  /** Undefined for an anonymous request. */
  readonly credential: VerifiedCredential | undefined;
  /** Undefined if no identity matches, in shadow mode. */
  readonly identity: string | undefined;
  /** The ticket is limited to these. */
  readonly operations: readonly Operation[];
}

/** Signs a ticket; undefined if the chain of tokens is too long. */
export type IssueTicket = (ticket: Ticket) => string | undefined;

/** Loads the signing key. Rejects with `store_unavailable` if no key is available. */
export type PrepareTickets = (grant: TicketGrant) => Promise<IssueTicket>;
