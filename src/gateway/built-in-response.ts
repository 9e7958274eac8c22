import type { BuiltInResponse } from '../core/request/protocol.ts';
import type { RequestContext } from './request-context.ts';

/** Sends a response of the gateway in place of the upstream's. */
export function sendBuiltInResponse(
  context: RequestContext,
  { status, headers, body }: BuiltInResponse,
): void {
  const { req, res, requestId } = context.incoming;
  const length = Buffer.byteLength(body);
  if (context.head.hasBody && !req.complete) res.shouldKeepAlive = false;
  context.bytesOut = length;
  res.writeHead(status, [...headers, 'Content-Length', String(length), 'X-Request-Id', requestId]);
  res.end(body);
}
