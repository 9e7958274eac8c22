import type { Context, MiddlewareHandler } from 'hono';
import type { Secret } from '../../../core/secret.ts';
import { bearerToken, isAdminToken } from '../../admin-token.ts';
import { BEARER_CHALLENGE } from '../../guards.ts';
import type { ConsoleEnv } from '../console-page.ts';
import { sessionIdsOf } from './session-cookie.ts';
import { randomSecret, type Sessions } from './sessions.ts';
import type { Visitor } from './visitor.ts';

export interface VisitorSettings {
  readonly loopback: boolean;
  readonly token: () => Secret | undefined;
  /** `server.admin.console.write` of the active configuration. */
  readonly write: () => boolean;
}

/** Sets `visitor`, or redirects a browser to the login. */
export function requireVisitor(settings: VisitorSettings, sessions: Sessions): MiddlewareHandler<ConsoleEnv> {
  const csrfWithoutLogin = randomSecret();

  function visitorOf(context: Context<ConsoleEnv>): Visitor | undefined {
    const token = settings.token();
    if (token === undefined) {
      return settings.loopback ? { kind: 'open', canWrite: false, csrf: csrfWithoutLogin } : undefined;
    }
    const presented = bearerToken(context.req.header('authorization'));
    if (presented !== undefined && isAdminToken(presented, token)) {
      return { kind: 'bearer', canWrite: settings.write(), csrf: '' };
    }
    const session = sessionIdsOf(context)
      .map((id) => sessions.find(id, token))
      .find((found) => found !== undefined);
    return session && { kind: 'session', canWrite: settings.write(), csrf: session.csrf };
  }

  return async (context, next) => {
    const visitor = visitorOf(context);
    if (visitor !== undefined) {
      context.set('visitor', visitor);
      context.set('accepted', () => visitorOf(context) !== undefined);
      return next();
    }
    const isPage =
      context.req.method === 'GET' && context.req.header('accept')?.includes('text/html') === true;
    if (isPage) {
      const { pathname, search } = new URL(context.req.url);
      return context.redirect(`/console/login?next=${encodeURIComponent(pathname + search)}`, 303);
    }
    context.header('WWW-Authenticate', BEARER_CHALLENGE);
    return context.text(
      'Log in at /console/login, or send the admin token as "Authorization: Bearer".\n',
      401,
    );
  };
}
