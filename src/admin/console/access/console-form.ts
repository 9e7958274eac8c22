import { timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { readLimitedBody, type LimitedBody } from '../../../util/http/limited-body.ts';
import { tokenDigest } from '../../admin-token.ts';
import { CSRF_FIELD } from './csrf-field.ts';
import type { ConsoleEnv } from '../console-page.ts';

const BODY_LIMITS = { maxBytes: 128 * 1024, deadline: 10_000 };

/** Sets `form`. A POST is accepted from the console's own pages only; it changes nothing otherwise. */
export const readConsoleForm: MiddlewareHandler<ConsoleEnv> = async (context, next) => {
  context.set('form', new Map());
  const { method } = context.req;
  if (method === 'GET' || method === 'HEAD') return next();
  if (method !== 'POST') return context.text('Use GET or POST.\n', 405, { Allow: 'GET, HEAD, POST' });
  const header = (name: string): string | undefined => context.req.header(name);
  if (!isSameOrigin(header('sec-fetch-site'), header('origin'), header('host'))) {
    return context.text('The form was sent by another site. Open the console and try again.\n', 403);
  }
  const body = await readLimitedBody(context.env.incoming, BODY_LIMITS);
  if (body.kind !== 'body') return context.text(problemOf(body), 400, { Connection: 'close' });
  const form = parseForm(header('content-type'), body.bytes);
  if (form === undefined) {
    return context.text('Send application/x-www-form-urlencoded, each field once.\n', 415);
  }
  const visitor = context.get('visitor') as ConsoleEnv['Variables']['visitor'] | undefined;
  if (visitor !== undefined && visitor.kind !== 'bearer' && !equal(form.get(CSRF_FIELD), visitor.csrf)) {
    return context.text('The form belongs to an ended session. Reload the page and try again.\n', 403);
  }
  context.set('form', form);
  return next();
};

/** Clients other than browsers send neither field; they have no cookies that a web page could use. */
function isSameOrigin(
  site: string | undefined,
  origin: string | undefined,
  host: string | undefined,
): boolean {
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

function parseForm(type: string | undefined, body: Buffer): ReadonlyMap<string, string> | undefined {
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(type ?? '')) return undefined;
  const fields = [...new URLSearchParams(body.toString('utf8'))];
  const form = new Map(fields);
  return form.size === fields.length ? form : undefined;
}

function problemOf(body: Exclude<LimitedBody, { readonly kind: 'body' }>): string {
  switch (body.kind) {
    case 'too-large':
      return `The form is larger than ${BODY_LIMITS.maxBytes} bytes.\n`;
    case 'late':
    case 'incomplete':
      return 'The form did not arrive completely. Send it again.\n';
    default:
      return body satisfies never;
  }
}

function equal(presented: string | undefined, expected: string): boolean {
  return timingSafeEqual(tokenDigest(presented ?? ''), tokenDigest(expected));
}
