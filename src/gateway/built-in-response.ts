import type { OwnAnswer } from '../core/request/protocol.ts';
import type { Exchange } from './request-context.ts';

/** Sends what the gateway says itself in the upstream's place. */
export function ownAnswer(exchange: Exchange, { status, headers, body }: OwnAnswer): void {
  const { req, res, requestId } = exchange.incoming;
  const length = Buffer.byteLength(body);
  if (exchange.head.hasBody && !req.complete) res.shouldKeepAlive = false;
  exchange.bytesOut = length;
  res.writeHead(status, [...headers, 'Content-Length', String(length), 'X-Request-Id', requestId]);
  res.end(body);
}
