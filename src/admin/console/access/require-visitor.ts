import type { Context, MiddlewareHandler } from 'hono';
import type { Secret } from '../../../core/secret.ts';
import { bearerToken } from '../../admin-token.ts';
import { BEARER_CHALLENGE } from '../../access.ts';
import type { TokenAttempt, TokenAttempts } from '../../token-attempts.ts';
import type { ConsoleEnv } from '../console-page.ts';
import { sessionIdsOf } from './session-cookie.ts';
import { randomSecret, type Sessions } from './sessions.ts';
import type { Visitor } from './visitor.ts';

export interface VisitorSettings {
  readonly loopback: boolean;
  readonly token: () => Secret | undefined;
  readonly attempts: TokenAttempts;
  /** `server.admin.console.write` of the active configuration. */
  readonly write: () => boolean;
}

/** Sets `visitor`, or redirects a browser to the login. */
export function requireVisitor(settings: VisitorSettings, sessions: Sessions): MiddlewareHandler<ConsoleEnv> {
  const csrfWithoutLogin = randomSecret();

  function visitorOf(context: Context<ConsoleEnv>): Visitor | Limited | undefined {
    const token = settings.token();
    if (token === undefined) {
      return settings.loopback ? { kind: 'open', canWrite: false, csrf: csrfWithoutLogin } : undefined;
    }
    const presented = bearerToken(context.req.header('authorization'));
    if (presented !== undefined) {
      const { remoteAddress } = context.env.incoming.socket;
      const attempt = settings.attempts.check(remoteAddress, presented, token);
      if (attempt.kind === 'limited') return attempt;
      if (attempt.kind === 'accepted') return { kind: 'bearer', canWrite: settings.write(), csrf: '' };
    }
    const session = sessionIdsOf(context)
      .map((id) => sessions.find(id, token))
      .find((found) => found !== undefined);
    return session && { kind: 'session', canWrite: settings.write(), csrf: session.csrf };
  }

  return async (context, next) => {
    const visitor = visitorOf(context);
    if (visitor?.kind === 'limited') {
      context.header('Retry-After', visitor.retryAfter);
      return context.text('Too many attempts. Wait a minute and try again.\n', 429);
    }
    if (visitor !== undefined) {
      context.set('visitor', visitor);
      context.set('accepted', () => isAccepted(visitorOf(context)));
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

type Limited = Extract<TokenAttempt, { readonly kind: 'limited' }>;

function isAccepted(visitor: Visitor | Limited | undefined): boolean {
  return visitor !== undefined && visitor.kind !== 'limited';
}
