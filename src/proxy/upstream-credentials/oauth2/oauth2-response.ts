import type { EgressResponse } from '../../../core/ports.ts';
import { parseJsonObject } from '../../../util/json/object.ts';
import { DEFAULT_SECONDS, type GrantedToken } from '../renewed-tokens.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';

const MAX_TOKEN_LENGTH = 16 * 1024;

/** A failed token request. */
export interface TokenEndpointFault extends CredentialFault {
  /** The endpoint refused the gateway as a client, not this request alone. */
  readonly refusesClient?: true;
}

/** The tokens that a response may contain. */
export interface TokenTypes {
  /** `token_type` in lower case. */
  readonly types: readonly string[];
  /** `issued_token_type` (RFC 8693 §2.2.1), if the response has one; undefined: not checked. */
  readonly issued: string | undefined;
}

export const BEARER_TOKENS: TokenTypes = { types: ['bearer'], issued: undefined };

/** Reads a token response or an error response (RFC 6749 §5.1, §5.2; RFC 8693 §2.2). */
export function readOAuth2Response(
  { status, body }: EgressResponse,
  { types, issued }: TokenTypes,
): GrantedToken | TokenEndpointFault {
  const json = parseJsonObject(body);
  const members = json.kind === 'object' ? json.value : {};
  if (status === 400 || status === 401 || status === 403) {
    const rejected = status !== 400 || members['error'] !== undefined;
    const reason = rejected ? 'upstream_unauthorized' : 'upstream_invalid';
    const fault = credentialFault(
      reason,
      `the token endpoint responded with ${status}${errorCode(members['error'])}`,
    );
    return members['error'] === 'invalid_client' ? { ...fault, refusesClient: true } : fault;
  }
  if (status !== 200) return invalid(`the token endpoint responded with ${status}`);
  const { access_token: token, token_type: type, expires_in: lifetime = DEFAULT_SECONDS } = members;
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token)) {
    return invalid('the token endpoint returned no usable token');
  }
  if (typeof type !== 'string' || !types.includes(type.toLowerCase())) {
    return invalid('the token endpoint returned a token that is not a Bearer token');
  }
  // Another type may be a refresh token, which an upstream must not receive.
  if (issued !== undefined && (members['issued_token_type'] ?? issued) !== issued) {
    return invalid('the token endpoint returned a token of another issued_token_type than requested');
  }
  // The v1 endpoint of Entra ID reports the lifetime as a string.
  const seconds = typeof lifetime === 'string' && /^\d{1,10}$/.test(lifetime) ? Number(lifetime) : lifetime;
  if (typeof seconds !== 'number')
    return invalid('the token endpoint returned an expires_in that is not a number');
  return { kind: 'token', token, seconds, grants: scopesOf(members['scope'], token) };
}

/** The granted scopes (RFC 6749 §3.3); values that are not names are left out. */
function scopesOf(scope: unknown, token: string): readonly string[] | undefined {
  if (typeof scope !== 'string') return undefined;
  return scope.split(' ').filter((name) => SCOPE_NAME.test(name) && !name.includes(token));
}

const SCOPE_NAME = /^[\w.:/*-]{1,100}$/;

/** Only registered error codes are logged, so that no other part of the response reaches the log. */
function errorCode(error: unknown): string {
  return typeof error === 'string' && ERRORS.has(error) ? ` ${error}` : '';
}

const ERRORS: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
]);

function invalid(detail: string): CredentialFault {
  return credentialFault('upstream_invalid', detail);
}
