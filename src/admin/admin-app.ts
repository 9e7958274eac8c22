import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import type { Log } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import type { CheckAccess, TokenAccess } from './access.ts';
import { API_HEADERS, internalError, type ApiResponse } from './api-response.ts';
import { consoleRoutes, type ConsoleSource } from './console-routes.ts';
import { READ_ROUTES, type ReadPorts } from './read-routes.ts';
import { revocationRoutes, type RevocationPorts } from './revocation-routes.ts';
import { stateRoutes } from './state-routes.ts';

export interface AdminPorts extends RevocationPorts, ReadPorts, Partial<Pick<Store, 'backUp'>> {
  /** Undefined: there is no console. */
  readonly console?: ConsoleSource;
  readonly log: Log;
}

/** The routes of the admin API and the console, without the listener. */
export function createAdminApp(access: TokenAccess, refusalOf: CheckAccess, ports: AdminPorts): Hono {
  const app = new Hono();
  // Before the checks of the API: the console has its own.
  if (ports.console !== undefined) {
    const routes = consoleRoutes(ports.console, access, ports.log);
    app.use('/console', routes).use('/console/*', routes);
  }
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(API_HEADERS)) context.header(name, value);
  });
  app.use(async (context: Context<{ Bindings: HttpBindings }>, next) => {
    const refusal = refusalOf(context.env.incoming, READ_ROUTES.get(context.req.path)?.isProbe === true);
    return refusal === undefined ? next() : respondWith(context, refusal);
  });

  for (const [path, route] of READ_ROUTES) {
    app.get(path, async (context) => respondWith(context, await route.read(ports)));
    app.all(path, (context) =>
      context.json({ error: 'method_not_allowed', message: 'Use GET.' }, 405, { Allow: 'GET, HEAD' }),
    );
  }
  app.route('/revocations', revocationRoutes(ports));
  app.route('/state', stateRoutes(ports));

  app.notFound((context) =>
    context.json(
      {
        error: 'not_found',
        message: 'There are /livez, /readyz, /metrics, /status, /revocations, /state/backup and /console/.',
      },
      404,
    ),
  );
  app.onError((error, context) => {
    ports.log.error('an admin request failed', { path: context.req.path, error: error.name });
    return respondWith(context, internalError());
  });
  return app;
}

function respondWith(context: Context, { status, contentType, body, headers }: ApiResponse): Response {
  return context.body(body, status, { 'content-type': contentType, ...headers });
}
