import type { IncomingMessage } from 'node:http';
import type { Log } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { isLoopback } from '../util/http/listen-address.ts';
import { bearerToken } from './admin-token.ts';
import { apiResponse, type ApiResponse } from './api-response.ts';
import { hostNameOf } from './host-header.ts';
import type { TokenAttempts } from './token-attempts.ts';

export interface TokenAccess {
  readonly loopback: boolean;
  /** Called for each request, because its file may be rotated. */
  readonly token: () => Secret | undefined;
  readonly attempts: TokenAttempts;
}

/** Returns the refusal of a request to the admin API, or undefined. The console has its own checks. */
export type CheckAccess = (request: IncomingMessage, isProbe: boolean) => ApiResponse | undefined;

export function createAccessCheck({ loopback, token, attempts }: TokenAccess, log: Log): CheckAccess {
  /** If a reload removes the token, only loopback clients are accepted. */
  function refusalOfToken({ headersDistinct, socket }: IncomingMessage): ApiResponse | undefined {
    const current = token();
    if (current === undefined && loopback) return undefined;
    const presented = bearerToken(headersDistinct['authorization']?.join(', '));
    if (presented === undefined) return unauthorized();
    const attempt = attempts.check(socket.remoteAddress, presented, current);
    switch (attempt.kind) {
      case 'accepted':
        return undefined;
      case 'limited':
        return tooManyTokens(attempt.retryAfter);
      case 'wrong':
        if (!attempt.repeated) log.warn('an admin request has a wrong token', { client: attempt.client });
        return unauthorized();
      default:
        return attempt satisfies never;
    }
  }

  return (request, isProbe) => {
    if (loopback && !isSentToLoopback(request)) return misdirected();
    return isProbe ? undefined : refusalOfToken(request);
  };
}

/**
 * A web page can resolve its own host name to 127.0.0.1 and read the responses (DNS rebinding); the
 * browser then sends that name as Host.
 */
function isSentToLoopback({ headersDistinct }: IncomingMessage): boolean {
  return isLoopback(hostNameOf(headersDistinct['host']?.join(', ')) ?? '');
}

export const BEARER_CHALLENGE = 'Bearer realm="gatehouse admin"';

function unauthorized(): ApiResponse {
  return apiResponse(
    401,
    { error: 'unauthorized', message: 'Send the admin token as "Authorization: Bearer".' },
    { 'www-authenticate': BEARER_CHALLENGE },
  );
}

function misdirected(): ApiResponse {
  return apiResponse(421, {
    error: 'misdirected_request',
    message: 'Ask for this listener as localhost or 127.0.0.1.',
  });
}

function tooManyTokens(retryAfter: string): ApiResponse {
  return apiResponse(
    429,
    { error: 'too_many_requests', message: 'Too many tokens. Wait a minute and try again.' },
    { 'retry-after': retryAfter },
  );
}
