import type { EgressResponse } from '../../../core/ports.ts';
import { parseJsonObject } from '../../../util/json/object.ts';
import { DEFAULT_SECONDS, type GrantedToken } from '../renewed-tokens.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';

const MAX_TOKEN_LENGTH = 16 * 1024;

/** Reads a token response or an error response (RFC 6749 §5.1, §5.2). */
export function readOAuth2Response({ status, body }: EgressResponse): GrantedToken | CredentialFault {
  const json = parseJsonObject(body);
  const members = json.kind === 'object' ? json.value : {};
  if (status === 400 || status === 401 || status === 403) {
    const rejected = status !== 400 || members['error'] !== undefined;
    const reason = rejected ? 'upstream_unauthorized' : 'upstream_invalid';
    return credentialFault(
      reason,
      `the token endpoint responded with ${status}${errorCode(members['error'])}`,
    );
  }
  if (status !== 200) return invalid(`the token endpoint responded with ${status}`);
  const { access_token: token, token_type: type, expires_in: lifetime = DEFAULT_SECONDS } = members;
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token)) {
    return invalid('the token endpoint returned no usable token');
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    return invalid('the token endpoint returned a token that is not a Bearer token');
  }
  // The v1 endpoint of Entra ID reports the lifetime as a string.
  const seconds = typeof lifetime === 'string' && /^\d{1,10}$/.test(lifetime) ? Number(lifetime) : lifetime;
  if (typeof seconds !== 'number')
    return invalid('the token endpoint returned an expires_in that is not a number');
  return { kind: 'token', token, seconds };
}

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
