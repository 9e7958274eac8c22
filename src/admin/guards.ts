import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import type { Log } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { isLoopback } from '../util/http/listen-address.ts';
import { bearerToken } from './admin-token.ts';
import { hostNameOf } from './host-header.ts';
import { PROBES } from './probes.ts';
import type { TokenAttempts } from './token-attempts.ts';

/**
 * A web page can resolve its own host name to 127.0.0.1 and read the responses (DNS rebinding); the
 * browser then sends that name as Host.
 */
export const refuseForeignHosts: MiddlewareHandler = async (context, next) => {
  if (isLoopback(hostNameOf(context.req.header('host')) ?? '')) return next();
  return context.json(
    { error: 'misdirected_request', message: 'Ask for this listener as localhost or 127.0.0.1.' },
    421,
  );
};

export interface TokenAccess {
  readonly loopback: boolean;
  /** Called for each request, because its file may be rotated. */
  readonly token: () => Secret | undefined;
  readonly attempts: TokenAttempts;
}

/** If a reload removes the token, only loopback clients are accepted. */
export function requireToken(
  { loopback, token: currentToken, attempts }: TokenAccess,
  log: Log,
): MiddlewareHandler<{ Bindings: HttpBindings }> {
  return async (context, next) => {
    if (PROBES.has(context.req.path)) return next();
    const token = currentToken();
    if (token === undefined && loopback) return next();
    const presented = bearerToken(context.req.header('authorization'));
    if (presented === undefined) return unauthorized(context);
    const attempt = attempts.check(context.env.incoming.socket.remoteAddress, presented, token);
    switch (attempt.kind) {
      case 'accepted':
        return next();
      case 'limited':
        context.header('Retry-After', attempt.retryAfter);
        return context.json(
          { error: 'too_many_requests', message: 'Too many tokens. Wait a minute and try again.' },
          429,
        );
      case 'wrong':
        if (!attempt.repeated) log.warn('an admin request has a wrong token', { client: attempt.client });
        return unauthorized(context);
      default:
        return attempt satisfies never;
    }
  };
}

function unauthorized(context: Context): Response {
  context.header('WWW-Authenticate', BEARER_CHALLENGE);
  return context.json(
    { error: 'unauthorized', message: 'Send the admin token as "Authorization: Bearer".' },
    401,
  );
}

export const BEARER_CHALLENGE = 'Bearer realm="gatehouse admin"';

/** Undefined for JSON. A web page can send forms and text to loopback without a CORS preflight, but not JSON. */
export function refuseOtherThanJson(context: Context): Response | undefined {
  const type = context.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  return type === 'application/json'
    ? undefined
    : context.json({ error: 'unsupported_media_type', message: 'Send application/json.' }, 415);
}
