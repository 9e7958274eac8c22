import { getRequestListener } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';

/** Passes the call to the handlers next to the Fetch request. */
export interface Env {
  Bindings: { readonly call: EndpointCall };
}

/** Adapts a Hono app to the pipeline's `Handle`. */
export function handleWith(app: Hono<Env>): Handle {
  return async function handle(call) {
    const { req, res, expectsContinue } = call.incoming;
    // The default replaces the global Request and Response of the process.
    const listener = getRequestListener((request) => app.fetch(request, { call }), {
      overrideGlobalObjects: false,
    });
    if (expectsContinue) res.writeContinue();
    await listener(req, res);
  };
}

/** Milliseconds for a body of at most 64 KiB. The listener's body timeout covers forwarded requests only. */
const BODY_DEADLINE = 10_000;

/** Returns the body as text, or undefined when it does not arrive within the deadline. */
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

/** `cache` is a `Cache-Control` value. The default keeps tokens out of caches (RFC 6749 §5.1). */
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
