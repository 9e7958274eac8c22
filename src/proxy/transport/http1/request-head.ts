import type { UpstreamRequest } from '../upstream-request.ts';

/** The request head as latin1; undefined if a part of it would break the message. */
export function formatRequestHead(request: UpstreamRequest): string | undefined {
  const { method, path, headers } = request;
  if (!TOKEN.test(method) || !TARGET.test(path)) return undefined;
  let host: string | undefined;
  let fields = '';
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (!TOKEN.test(name) || INVALID_VALUE.test(value)) return undefined;
    if (name === 'Host') host = value;
    else if (name !== 'Content-Length') fields += `${name}: ${value}\r\n`;
  }
  if (host === undefined) return undefined;
  // Host is the first field (RFC 9110 §7.2). HTTP/1.0 upstreams close connections without `keep-alive`.
  const start = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  return `${start}${fields}${framingOf(request)}\r\n`;
}

function framingOf({ method, body, contentLength }: UpstreamRequest): string {
  if (body === undefined) return EXPECT_BODY.has(method) ? 'content-length: 0\r\n' : '';
  return contentLength === undefined
    ? 'transfer-encoding: chunked\r\n'
    : `content-length: ${contentLength}\r\n`;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const INVALID_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Methods whose requests announce an absent body (RFC 9110 §8.6). */
const EXPECT_BODY: ReadonlySet<string> = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);
