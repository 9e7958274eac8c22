import type { Handle } from '../../core/request/endpoint.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import type { Log } from '../../core/ports.ts';
import { REASONS } from '../../core/reasons.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import type { MethodHandler } from '../endpoint/method-handlers.ts';
import { jsonResponse, type ErrorFormat } from '../endpoint/outcome.ts';
import { GRANT_TYPES } from './token-request.ts';

export const JWKS_PATH = '/.well-known/jwks.json';
export const METADATA_PATH = '/.well-known/oauth-authorization-server';
export const AUTHORIZE_PATH = '/oauth/authorize';
export const TOKEN_PATH = '/oauth/token';
export const REVOKE_PATH = '/oauth/revoke';

/** A new key is published before it signs, so clients may cache the set for minutes. */
const CACHE_CONTROL = 'public, max-age=300';

/** The public signing keys (RFC 7517), with which any service can verify issued tokens. */
export function createJwksEndpoint(keyring: Pick<Keyring, 'publicKeys'>, log: Log): Handle {
  return publicDocument(
    async () => ({ type: 'application/jwk-set+json', value: await keyring.publicKeys() }),
    log,
  );
}

/** The endpoints and the grant types that they support (RFC 8414 §2). */
export function createMetadataEndpoint(publicUrl: string, log: Log): Handle {
  const at = (path: string): string => `${publicUrl.replace(/\/$/, '')}${path}`;
  const value = {
    issuer: publicUrl,
    // RFC 8414 §2 does not require it without an interactive grant; the MCP SDK rejects metadata without it.
    authorization_endpoint: at(AUTHORIZE_PATH),
    token_endpoint: at(TOKEN_PATH),
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
    grant_types_supported: Object.values(GRANT_TYPES),
    revocation_endpoint: at(REVOKE_PATH),
    revocation_endpoint_auth_methods_supported: ['none'],
    jwks_uri: at(JWKS_PATH),
    response_types_supported: [],
  };
  return publicDocument(async () => ({ type: 'application/json', value }), log);
}

export interface ProtectedResource {
  /** URL of the service for clients. */
  readonly resource: string;
  readonly authorizationServer: string;
  /** Undefined: not disclosed. */
  readonly scopes: readonly string[] | undefined;
}

/** The authorization server of a service, and how the service accepts its tokens (RFC 9728 §2). */
export function createResourceMetadataEndpoint(
  { resource, authorizationServer, scopes }: ProtectedResource,
  log: Log,
): Handle {
  const value = {
    resource,
    authorization_servers: [authorizationServer],
    scopes_supported: scopes,
    bearer_methods_supported: ['header'],
  };
  return publicDocument(async () => ({ type: 'application/json', value }), log);
}

function publicDocument(
  read: () => Promise<{ readonly type: string; readonly value: unknown }>,
  log: Log,
): Handle {
  const respond: MethodHandler = async (call) => {
    const { type, value } = await read();
    call.reason = 'anonymous';
    call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
    return jsonResponse(type, value, CACHE_CONTROL);
  };
  return createBuiltInEndpoint({ GET: respond }, ERROR_FORMAT, log);
}

const ERROR_FORMAT: ErrorFormat = {
  toClientError: ({ reason }) => ({
    code: reason,
    status: REASONS[reason].status,
    message: REASONS[reason].message,
  }),
  write: ({ code, message }) => ({
    contentType: 'application/json',
    body: JSON.stringify({ error: code, message }),
  }),
};
