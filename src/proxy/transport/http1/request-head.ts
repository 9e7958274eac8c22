import type { UpstreamRequest } from '../upstream-request.ts';

/** The request head as latin1; undefined if a part of it would break the message. */
export function formatRequestHead(request: UpstreamRequest): string | undefined {
  const { method, path, headers, body, contentLength } = request;
  if (!TOKEN.test(method) || !TARGET.test(path)) return undefined;
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (!TOKEN.test(name) || INVALID_VALUE.test(value)) return undefined;
    head += `${name}: ${value}\r\n`;
  }
  head += 'Connection: keep-alive\r\n';
  if (body === undefined) return head + (EXPECT_BODY.has(method) ? 'Content-Length: 0\r\n\r\n' : '\r\n');
  return head + (contentLength === undefined ? 'Transfer-Encoding: chunked\r\n\r\n' : '\r\n');
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const INVALID_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Methods whose requests announce an absent body (RFC 9110 §8.6). */
const EXPECT_BODY: ReadonlySet<string> = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);
