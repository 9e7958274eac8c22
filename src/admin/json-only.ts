import type { Context } from 'hono';

/** Undefined for JSON. A web page can send forms and text to loopback without a CORS preflight, but not JSON. */
export function refuseOtherThanJson(context: Context): Response | undefined {
  const type = context.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  return type === 'application/json'
    ? undefined
    : context.json({ error: 'unsupported_media_type', message: 'Send application/json.' }, 415);
}
