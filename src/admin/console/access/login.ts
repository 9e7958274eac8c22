import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import type { Log } from '../../../core/ports.ts';
import type { Secret } from '../../../core/secret.ts';
import type { TokenAttempts } from '../../token-attempts.ts';
import type { ConsoleEnv } from '../console-page.ts';
import { document } from '../layout.ts';
import { readConsoleForm } from './console-form.ts';
import { setSessionCookie } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';

export interface LoginPorts {
  readonly token: () => Secret | undefined;
  readonly sessions: Sessions;
  readonly replica: string;
  readonly attempts: TokenAttempts;
  readonly log: Log;
}

/** `/console/login`: exchanges the admin token for a session. */
export function loginRoutes({ token, sessions, replica, attempts, log }: LoginPorts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();

  app.get('/', (context) =>
    token() === undefined
      ? context.redirect('/console/', 303)
      : loginPage(context, replica, { next: localAddress(context.req.query('next')) }),
  );

  app.post('/', readConsoleForm, (context) => {
    const form = context.get('form');
    const next = localAddress(form.get('next'));
    const presented = form.get('token')?.trim() ?? '';
    const attempt = attempts.check(context.env.incoming.socket.remoteAddress, presented, token());
    if (attempt.kind === 'limited') {
      context.header('Retry-After', attempt.retryAfter);
      context.status(429);
      return loginPage(context, replica, {
        next,
        problem: 'Too many attempts. Wait a minute and try again.',
      });
    }
    if (attempt.kind === 'wrong') {
      log.warn('a login to the console failed', { client: attempt.client });
      context.status(401);
      return loginPage(context, replica, { next, problem: 'This is not the admin token of this replica.' });
    }
    setSessionCookie(context, sessions.open(presented));
    log.info('login to the console', { client: attempt.client });
    return context.redirect(next, 303);
  });
  return app;
}

/** Only an address of the console: a link to the login cannot send the browser to another site. */
function localAddress(next: string | undefined): string {
  return next !== undefined && /^\/console\/[\w\-./?&=%:~,+]*$/.test(next) ? next : '/console/';
}

function loginPage(
  context: Context<ConsoleEnv>,
  replica: string,
  { next, problem }: { readonly next: string; readonly problem?: string },
): Response | Promise<Response> {
  const alert = problem === undefined ? '' : html`<p class="alert" role="alert" id="problem">${problem}</p>`;
  return context.html(
    document(
      'Log in',
      html`<main id="main" class="login">
        <h1>Log in to Gatehouse</h1>
        ${alert}
        <form method="post" action="/console/login">
          <input type="hidden" name="next" value="${next}" />
          <label for="token">Admin token</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            ${problem === undefined ? '' : html`aria-describedby="problem"`}
          />
          <button type="submit">Log in</button>
        </form>
        <p class="note">
          The token is the content of <code>server.admin.tokenFile</code>. The session lasts 8 hours on
          replica <strong>${replica}</strong> and ends when the token is rotated.
        </p>
      </main>`,
    ),
  );
}
