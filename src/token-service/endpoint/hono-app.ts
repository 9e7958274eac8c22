import { getRequestListener } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import { readLimitedBody, type LimitedBody } from '../../util/http/limited-body.ts';

/** Passes the call to the handlers next to the Fetch request. */
export interface Env {
  Bindings: { readonly call: EndpointCall };
}

/** Adapts a Hono app to the pipeline's `Handle`. */
export function handleWith(app: Hono<Env>): Handle {
  return async function handle(call) {
    const { req, res } = call.incoming;
    // The default replaces the global Request and Response of the process.
    const listener = getRequestListener((request) => app.fetch(request, { call }), {
      overrideGlobalObjects: false,
    });
    await listener(req, res);
  };
}

const BODY_LIMITS = {
  maxBytes: 64 * 1024,
  /** The listener's body timeout covers forwarded requests only. */
  deadline: 10_000,
};

/** Reads the body from the connection, because the Fetch request of the adapter cannot be rebuilt with it. */
export function readBody({ env }: Context<Env>): Promise<LimitedBody> {
  const { req, res, expectsContinue } = env.call.incoming;
  return readLimitedBody(req, BODY_LIMITS, () => {
    if (expectsContinue) res.writeContinue();
  });
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
  // A 204 has neither (RFC 9110 §8.6).
  if (status !== 204) {
    context.header('Content-Type', contentType);
    context.header('Content-Length', String(bytes.length));
  }
  context.header('Cache-Control', cache);
  context.header('X-Request-Id', call.incoming.requestId);
  return status === 204 ? context.body(null, status) : context.body(bytes, status as 200);
}
