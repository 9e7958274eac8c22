import { getRequestListener } from '@hono/node-server';
import { createAdminApp } from './admin-app.ts';

/** Adapts the admin app to Node. The app handles every failure itself. */
export function createAdminRequestListener(...of: Parameters<typeof createAdminApp>) {
  const app = createAdminApp(...of);
  // By default the adapter replaces the global Request and Response.
  // The host name is for requests without Host: HTTP/1.0, which the health checks of HAProxy send by default.
  return getRequestListener(app.fetch, { overrideGlobalObjects: false, hostname: 'localhost' });
}
