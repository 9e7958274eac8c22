import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { SESSION_SECONDS } from './sessions.ts';

const SECURE_NAME = '__Host-gatehouse';

/** Cookies are shared by the ports of a host, so the name contains the port that the browser uses. */
function plainName(context: Context): string {
  const port = /:(\d+)$/.exec(context.req.header('host') ?? '')?.[1] ?? '80';
  return `gatehouse-${port}`;
}

/** The listener itself has no TLS: the browser's Origin shows that a proxy in front of it terminates TLS. */
function isSecure(context: Context): boolean {
  return context.req.header('origin')?.startsWith('https://') === true;
}

/** Browsers send the Secure cookie of https://localhost to http://localhost, where it can belong to another gateway. */
export function sessionIdsOf(context: Context): readonly string[] {
  const ids = [getCookie(context, SECURE_NAME), getCookie(context, plainName(context))];
  return ids.filter((id) => id !== undefined);
}

export function setSessionCookie(context: Context, id: string): void {
  const secure = isSecure(context);
  setCookie(context, secure ? SECURE_NAME : plainName(context), id, {
    path: '/',
    httpOnly: true,
    secure,
    sameSite: 'Strict',
    maxAge: SESSION_SECONDS,
  });
}

export function clearSessionCookie(context: Context): void {
  deleteCookie(context, SECURE_NAME, { path: '/', secure: true });
  deleteCookie(context, plainName(context), { path: '/' });
}
