import { html } from 'hono/html';
import type { MiddlewareHandler } from 'hono';
import type { ConsoleEnv } from '../console-page.ts';

/** Refuses a form that changes state, unless the visitor may write. */
export const requireWrite: MiddlewareHandler<ConsoleEnv> = async (context, next) => {
  if (context.get('visitor').canWrite) return next();
  context.status(403);
  return context.render(
    html`<p class="alert" role="alert">
      The console is read-only: it accepts changes after a login, if <code>server.admin.console</code> is
      <code>{ write: true }</code>.
    </p>`,
    { title: 'Read-only' },
  );
};
