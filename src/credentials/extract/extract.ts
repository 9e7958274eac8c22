import type { CredentialSource, PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { sourceNotAccepted } from '../../core/refusal-messages.ts';
import { HEADER_MISTAKES, recognizeMistake } from '../mistakes.ts';
import { formCredentials } from './form-field.ts';
import { credentialHeaderOf, readCredentialHeader } from './header.ts';
import { queryCredentials } from './query-parameter.ts';
import { createCredentialFromText, type TokenClassSettings } from './from-text.ts';
import { findTicket } from './ticket.ts';
import { looksLikeJws, type Found } from './token-class.ts';

/** How a service extracts credentials. */
export interface ExtractSettings extends TokenClassSettings {
  /** The credential sources that the service accepts. */
  readonly credentialSources: readonly CredentialSource[];
  /** Query parameters in which upstreams of this type accept credentials. */
  readonly queryParameters: readonly string[];
  /** Tickets are accepted. Default: they are not read. */
  readonly tickets?: boolean | undefined;
}

/** A form body that can contain a credential, and the name of its field. */
interface Form {
  readonly field: string;
  readonly body: Buffer;
}

/** Extracts the credential of a request. Undefined: the request has none. */
export type Extract = (head: RequestHead, form?: Form) => PresentedCredential | undefined | Deny;

/**
 * Creates the extraction of one service. A request with several different credentials is refused, also if the
 * service accepts only one of their sources.
 */
export function createExtract(settings: ExtractSettings): Extract {
  const accepted = new Set(settings.credentialSources);
  const toCredential = createCredentialFromText(settings);
  const queryParameters = new Set([...COMMON_PARAMETERS, ...settings.queryParameters]);

  return function extract(head, form) {
    const ticket = settings.tickets === true ? findTicket(head.query, queryParameters) : undefined;
    if (ticket !== undefined) return ticket;
    const inHead = findInHead(head, queryParameters);
    const found = form === undefined ? inHead : addForm(inHead, head, form);
    if (found === undefined || 'kind' in found) return found;
    return accepted.has(found.credentialSource)
      ? toCredential(found)
      : notAccepted(found, settings.credentialSources);
  };
}

/**
 * The gateway removes these parameters from every query, so they are extracted from every query too (threats
 * L2).
 */
const COMMON_PARAMETERS = ['private_token', 'job_token', 'access_token'] as const;

/** Includes credential sources that the service does not accept, because an upstream could accept them. */
function findInHead(
  { rawHeaders, query }: RequestHead,
  queryParameters: ReadonlySet<string>,
): Found | Deny | undefined {
  let found: Found | Deny | undefined;
  let authorizations = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = credentialHeaderOf(rawHeaders[i] ?? '');
    if (header === undefined) continue;
    const next = readCredentialHeader(header, rawHeaders[i + 1] ?? '');
    // Servers differ in which of two Authorization headers they use, even if both are equal.
    if (header === 'authorization' && (authorizations += 1) > 1) return conflict();
    found = found === undefined ? next : merge(found, next);
    if (found === undefined) return conflict();
  }
  for (const { token, isJobToken } of queryCredentials(query, queryParameters)) {
    if (token === undefined) return deny('credential_malformed', 'the query parameter is not valid UTF-8');
    const next: Found = { credentialSource: 'query', token, username: undefined, isJobToken };
    found = found === undefined ? next : merge(found, next);
    if (found === undefined) return conflict();
  }
  return found;
}

/** Adds the credentials of a form body to the one of the request head. */
function addForm(
  inHead: Found | Deny | undefined,
  { rawHeaders }: RequestHead,
  { field, body }: Form,
): Found | Deny | undefined {
  const inBody = formCredentials(rawHeaders, body, new Set([...COMMON_PARAMETERS, field]));
  if ('kind' in inBody) return inBody;
  let found = inHead;
  for (const { token, isJobToken } of inBody) {
    const next: Found = { credentialSource: 'form', token, username: undefined, isJobToken };
    // The source `form` takes precedence: the upstream receives the body with the credential.
    found = found === undefined ? next : merge(next, found);
    if (found === undefined) return conflict();
  }
  return found;
}

/** Merges two occurrences of the same credential. Undefined if they differ. */
function merge(a: Found | Deny, b: Found | Deny): Found | undefined {
  if ('kind' in a || 'kind' in b || a.token !== b.token) return undefined;
  if (a.username !== undefined && b.username !== undefined && a.username !== b.username) return undefined;
  // A JWT is a job token only if both sources say so; for any other token one source is sufficient.
  const either = a.isJobToken || b.isJobToken;
  const isJobToken = looksLikeJws(a.token) ? a.isJobToken && b.isJobToken : either;
  return { ...a, username: a.username ?? b.username, isJobToken };
}

function conflict(): Deny {
  return deny('credential_conflict', 'several credential sources with different credentials');
}

function notAccepted(found: Found, accepted: readonly CredentialSource[]): Deny {
  const { credentialSource } = found;
  if (credentialSource !== 'raw-authorization') {
    const detail = `the service does not accept the credential source ${credentialSource}`;
    return { ...deny('credential_invalid', detail), message: sourceNotAccepted(credentialSource, accepted) };
  }
  const detail =
    'the Authorization header has no scheme; use Bearer or Basic, or list raw-authorization in the credentialSources of the service';
  return {
    ...deny('credential_malformed', detail),
    mistake: recognizeMistake(found) ?? HEADER_MISTAKES.noScheme,
  };
}
