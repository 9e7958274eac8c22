import type { CredentialSource, PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { formCredentials } from './form-field.ts';
import { CREDENTIAL_HEADERS, readCredentialHeader } from './header.ts';
import { queryCredentials } from './query-parameter.ts';
import { createCredentialFromText, type TokenClassSettings } from './from-text.ts';
import { looksLikeJws, type Found } from './token-class.ts';

export interface ExtractSettings extends TokenClassSettings {
  /** Those that the service takes. */
  readonly credentialSources: readonly CredentialSource[];
  /** Query parameters that carry credentials to services of this type. */
  readonly queryParameters: readonly string[];
}

/** The body of a request in which a credential may stand, and the name of the field. */
interface Form {
  readonly field: string;
  readonly body: Buffer;
}

export type Extract = (head: RequestHead, form?: Form) => PresentedCredential | undefined | Deny;

/** Finds the one credential of a request: none, exactly one, or why not. */
export function createExtract(settings: ExtractSettings): Extract {
  const accepted = new Set(settings.credentialSources);
  const present = createCredentialFromText(settings);
  const queryParameters = new Set([...EVERYWHERE, ...settings.queryParameters]);

  return function extract(head, form) {
    const outside = findOne(head, queryParameters);
    const found = form === undefined ? outside : withForm(outside, head, form);
    if (found === undefined || 'kind' in found) return found;
    return accepted.has(found.credentialSource) ? present(found) : notTaken(found.credentialSource);
  };
}

/** Removed from every query (design §5), so counted in every query: none vanishes in silence (threats L2). */
const EVERYWHERE = ['private_token', 'job_token', 'access_token'] as const;

/** Whatever could be a credential counts, taken here or not: an upstream might read it. */
function findOne(
  { rawHeaders, query }: RequestHead,
  queryParameters: ReadonlySet<string>,
): Found | Deny | undefined {
  let found: Found | Deny | undefined;
  let authorizations = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = CREDENTIAL_HEADERS.get(foldHeaderName(rawHeaders[i] ?? ''));
    if (header === undefined) continue;
    const next = readCredentialHeader(header, rawHeaders[i + 1] ?? '');
    // Two lines of this header are read differently by different servers, whatever they say.
    if (header === 'authorization' && (authorizations += 1) > 1) return conflict();
    found = found === undefined ? next : sameAs(found, next);
    if (found === undefined) return conflict();
  }
  for (const { token, isJobToken } of queryCredentials(query, queryParameters)) {
    if (token === undefined) return deny('credential_malformed', 'a query parameter that is not UTF-8');
    const next: Found = { credentialSource: 'query', token, username: undefined, isJobToken };
    found = found === undefined ? next : sameAs(found, next);
    if (found === undefined) return conflict();
  }
  return found;
}

/** A form is as much a place as a header is. */
function withForm(
  outside: Found | Deny | undefined,
  { rawHeaders }: RequestHead,
  { field, body }: Form,
): Found | Deny | undefined {
  const inside = formCredentials(rawHeaders, body, new Set([...EVERYWHERE, field]));
  if ('kind' in inside) return inside;
  let found = outside;
  for (const { token, isJobToken } of inside) {
    const next: Found = { credentialSource: 'form', token, username: undefined, isJobToken };
    // Wherever else it stands: the body that holds it goes to the upstream.
    found = found === undefined ? next : sameAs(next, found);
    if (found === undefined) return conflict();
  }
  return found;
}

/** The same credential in two places is one, with all that either of them says of it; undefined where they differ. */
function sameAs(a: Found | Deny, b: Found | Deny): Found | undefined {
  if ('kind' in a || 'kind' in b || a.token !== b.token) return undefined;
  if (a.username !== undefined && b.username !== undefined && a.username !== b.username) return undefined;
  // An id token that also stands where job tokens do is what it looks like; anything else is what it is said to be.
  const one = a.isJobToken || b.isJobToken;
  const isJobToken = looksLikeJws(a.token) ? a.isJobToken && b.isJobToken : one;
  return { ...a, username: a.username ?? b.username, isJobToken };
}

function conflict(): Deny {
  return deny('credential_conflict', 'more than one place that carries a credential');
}

function notTaken(credentialSource: CredentialSource): Deny {
  return credentialSource === 'raw-authorization'
    ? deny('credential_malformed', 'an Authorization without a scheme')
    : deny('credential_invalid', `credential source ${credentialSource} is not taken here`);
}
