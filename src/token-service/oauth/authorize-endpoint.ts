import type { Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import type { MethodHandler } from '../endpoint/method-handlers.ts';
import { badRequest } from '../endpoint/outcome.ts';
import { OAUTH_ERROR_FORMAT } from './error-format.ts';

/** The authorization endpoint (RFC 6749 §3.1): it refuses every request and never redirects. */
export function createAuthorizeEndpoint(log: Log): Handle {
  const refuse: MethodHandler = async () => badRequest('unsupported_response_type', MESSAGE);
  return createBuiltInEndpoint({ GET: refuse, POST: refuse }, OAUTH_ERROR_FORMAT, log);
}

const MESSAGE =
  'The gateway issues tokens to machines only. Request a token at /oauth/token with a grant type listed in the authorization server metadata.';
