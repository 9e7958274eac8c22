import { getRequestListener } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';

/** What our own endpoints know of a request beside its Fetch form. */
export interface Env {
  Bindings: { readonly call: EndpointCall };
}

/** An app as the pipeline calls it. */
export function handleWith(app: Hono<Env>): Handle {
  return async function handle(call) {
    const { req, res, expectsContinue } = call.incoming;
    // By default it would replace the process's Request and Response.
    const listener = getRequestListener((request) => app.fetch(request, { call }), {
      overrideGlobalObjects: false,
    });
    if (expectsContinue) res.writeContinue();
    await listener(req, res);
  };
}

/** Milliseconds for a body of at most 64 KiB; the listener bounds only what it forwards. */
const BODY_DEADLINE = 10_000;

/** The body as text, or undefined where it takes too long. */
export async function readBody(context: Context<Env>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), BODY_DEADLINE);
  });
  try {
    return await Promise.race([context.req.text(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `cache`: a `Cache-Control` value; what holds a token is never stored (RFC 6749 §5.1). */
export function send(
  context: Context<Env>,
  status: number,
  contentType: string,
  body: string,
  cache = 'no-store',
): Response {
  const { call } = context.env;
  const bytes = Buffer.from(body, 'utf8');
  call.bytesOut = bytes.length;
  context.header('Content-Type', contentType);
  context.header('Content-Length', String(bytes.length));
  context.header('Cache-Control', cache);
  context.header('X-Request-Id', call.incoming.requestId);
  return context.body(bytes, status as 200);
}
