import type { EndpointCall } from '../../core/request/endpoint.ts';
import type { EndpointResponse } from './outcome.ts';

/**
 * Sends a response with one spelling of header names, lower case. `headers`: name, value, name, value … By default,
 * tokens are kept out of caches (RFC 6749 §5.1).
 */
export function sendResponse(
  call: EndpointCall,
  { status = 200, contentType, body, cache = 'no-store' }: Omit<EndpointResponse, 'kind'>,
  headers: readonly string[] = [],
): void {
  const { req, res, requestId } = call.incoming;
  const bytes = Buffer.from(body);
  call.bytesOut = bytes.length;
  res.statusCode = status;
  res.setHeader('cache-control', cache);
  // A 204 has neither (RFC 9110 §8.6).
  if (status !== 204) res.setHeader('content-length', bytes.length).setHeader('content-type', contentType);
  for (let i = 0; i < headers.length; i += 2) {
    res.setHeader((headers[i] ?? '').toLowerCase(), headers[i + 1] ?? '');
  }
  res.setHeader('x-request-id', requestId);
  if (call.head.hasBody && !req.complete) res.shouldKeepAlive = false;
  res.end(bytes);
}
