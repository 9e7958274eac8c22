import { Hono } from 'hono';
import { html } from 'hono/html';
import { loginRoutes } from './access/login.ts';
import { readConsoleForm } from './access/console-form.ts';
import { refuseForeignUse } from './access/foreign-use.ts';
import { requireVisitor, type VisitorSettings } from './access/require-visitor.ts';
import { clearSessionCookie, sessionIdsOf } from './access/session-cookie.ts';
import { createSessions } from './access/sessions.ts';
import { requireKnownHost } from './allowed-hosts.ts';
import { assetRoutes } from './assets.ts';
import type { ConsoleEnv } from './console-page.ts';
import type { ConsolePorts } from './console-ports.ts';
import { layout } from './layout.ts';
import { consolePages } from './pages/index.ts';
import { securityHeaders } from './security-headers.ts';

export interface ConsoleAppSettings extends VisitorSettings {
  readonly hosts: () => readonly string[];
}

/** The routes below `/console`. */
export function createConsole(settings: ConsoleAppSettings, ports: ConsolePorts): Hono<ConsoleEnv> {
  const { replica, version, clock, log } = ports;
  const sessions = createSessions(clock);
  const pages = consolePages(ports);
  const app = new Hono<ConsoleEnv>({ strict: false }).basePath('/console');

  app.use(securityHeaders, requireKnownHost(settings.hosts), refuseForeignUse);
  app.get('/', async (context, next) =>
    isSlashMissing(context.req.url) ? context.redirect('/console/', 308) : next(),
  );
  app.route('/assets', assetRoutes());
  app.route('/login', loginRoutes({ ...settings, sessions, replica, log }));

  app.use(requireVisitor(settings, sessions), readConsoleForm, async (context, next) => {
    const visitor = context.get('visitor');
    const frame = { pages, replica, version, visitor, current: context.req.path };
    context.setRenderer((main, head) => context.html(layout(frame, head, main)));
    await next();
  });
  app.post('/logout', (context) => {
    for (const id of sessionIdsOf(context)) sessions.close(id);
    clearSessionCookie(context);
    return context.redirect('/console/login', 303);
  });
  for (const page of pages) app.route(`/${page.path}`, page.app);
  app.all('*', (context) => {
    context.status(404);
    return context.render(html`<p>There is no page with this address.</p>`, { title: 'Not found' });
  });
  app.onError((error, context) => {
    log.error('a page of the console failed', { path: context.req.path, error: error.name });
    return context.text('The page failed. See the log of the gateway.\n', 500);
  });
  return app;
}

/** Hono's own path has no slash at its end. */
function isSlashMissing(url: string): boolean {
  return new URL(url).pathname === '/console';
}
