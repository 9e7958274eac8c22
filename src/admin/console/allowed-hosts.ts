import type { MiddlewareHandler } from 'hono';
import { isLoopback } from '../../util/http/listen-address.ts';
import { hostNameOf } from '../host-header.ts';

/**
 * A web page can resolve its own host name to the address of the listener (DNS rebinding); the browser then sends
 * that name as Host. Probes and scrapes by address keep working, because only the console has this check.
 */
export function requireKnownHost(hosts: () => readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const name = hostNameOf(context.req.header('host'));
    if (name !== undefined && (isLoopback(name) || hosts().some((host) => host.toLowerCase() === name))) {
      return next();
    }
    return context.text(
      'The console does not serve this Host. Use localhost, or add the name to server.admin.hosts.\n',
      421,
    );
  };
}
