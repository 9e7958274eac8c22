import type { MiddlewareHandler } from 'hono';

/**
 * A page of another site may link to the console, but not load it as an image, frame or script: without a login, each
 * such request would evaluate the policy in the process that serves the data path. Forms have a stricter check. Only
 * browsers send these fields (W3C Fetch Metadata).
 */
export const refuseForeignUse: MiddlewareHandler = async (context, next) => {
  const site = context.req.header('sec-fetch-site');
  const isForeign = site === 'cross-site' || site === 'same-site';
  if (!isForeign || context.req.header('sec-fetch-dest') === 'document') return next();
  return context.text('Another site has requested this address. Open the console itself.\n', 403);
};
