import { hash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { Secret } from '../core/secret.ts';
import { isLoopback } from '../util/http/listen-address.ts';

/**
 * A web page can resolve its own host name to 127.0.0.1 and read the responses (DNS rebinding); the
 * browser then sends that name as Host.
 */
export const refuseForeignHosts: MiddlewareHandler = async (context, next) => {
  if (isLoopbackHostHeader(context.req.header('host'))) return next();
  return context.json(
    { error: 'misdirected_request', message: 'Ask for this listener as localhost or 127.0.0.1.' },
    421,
  );
};

/** Accepts any port, because a forwarded port may differ from the port of the listener. */
function isLoopbackHostHeader(header: string | undefined): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header?.toLowerCase() ?? '');
  return match !== null && isLoopback(match[1] ?? match[2] ?? '');
}

/** The probes of an orchestrator send no token, and these responses contain no secrets. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/**
 * `token` is called for each request, because its file may be rotated. If a reload removes the token, only loopback
 * clients are accepted.
 */
export function requireToken(settings: {
  readonly loopback: boolean;
  readonly token: () => Secret | undefined;
}): MiddlewareHandler {
  return async (context, next) => {
    if (OPEN_PATHS.has(context.req.path)) return next();
    const token = settings.token();
    if (token === undefined && settings.loopback) return next();
    const presented = /^Bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    // Digests have equal lengths, so that the comparison does not reveal the length of the token.
    if (
      presented !== undefined &&
      token !== undefined &&
      timingSafeEqual(digest(presented), digest(token.reveal()))
    )
      return next();
    context.header('WWW-Authenticate', 'Bearer realm="gatehouse admin"');
    return context.json(
      { error: 'unauthorized', message: 'Send the admin token as "Authorization: Bearer".' },
      401,
    );
  };
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
