import { Hono } from 'hono';
import type { Log } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import { consoleRoutes, type ConsoleSource } from './console-routes.ts';
import { refuseForeignHosts, requireToken, type TokenAccess } from './guards.ts';
import { API_HEADERS, PROBES, type ProbePorts } from './probes.ts';
import { TokenAttempts } from './token-attempts.ts';
import { revocationRoutes, type RevocationPorts } from './revocation-routes.ts';
import { stateRoutes } from './state-routes.ts';

export interface AdminPorts extends RevocationPorts, ProbePorts, Partial<Pick<Store, 'backUp'>> {
  metrics(): Promise<{ readonly body: string; readonly contentType: string }>;
  /** The content of `/status`, without secrets. */
  status(): object;
  /** Undefined: there is no console. */
  readonly console?: ConsoleSource;
  readonly log: Log;
}

export type AdminAppSettings = Omit<TokenAccess, 'attempts'>;

/** The routes of the admin API and their access control, without the listener. */
export function createAdminApp(settings: AdminAppSettings, ports: AdminPorts): Hono {
  const app = new Hono();
  const access: TokenAccess = { ...settings, attempts: new TokenAttempts(ports.clock) };
  // Before the checks of the API: the console has its own.
  if (ports.console !== undefined) {
    const routes = consoleRoutes(ports.console, access);
    app.use('/console', routes).use('/console/*', routes);
  }
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(API_HEADERS)) context.header(name, value);
  });
  if (settings.loopback) app.use(refuseForeignHosts);
  app.use(requireToken(access, ports.log));

  for (const [path, probe] of PROBES) {
    app.get(path, (context) => {
      const { status, contentType, body } = probe(ports);
      return context.body(body, status, { 'Content-Type': contentType });
    });
  }
  app.get('/metrics', async (context) => {
    const { body, contentType } = await ports.metrics();
    return context.body(body, 200, { 'Content-Type': contentType });
  });
  app.get('/status', (context) => context.json(ports.status()));
  app.route('/revocations', revocationRoutes(ports));
  app.route('/state', stateRoutes(ports));

  for (const path of [...PROBES.keys(), '/metrics', '/status']) {
    app.all(path, (context) =>
      context.json({ error: 'method_not_allowed', message: 'Use GET.' }, 405, { Allow: 'GET, HEAD' }),
    );
  }
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
    return context.json({ error: 'internal_error', message: 'See the log of the gateway.' }, 500);
  });
  return app;
}
