import { deny, type Deny } from '../core/decision.ts';
import type { RequestLine } from '../core/request/incoming.ts';
import type { RefusableHeader, RequestHead } from '../core/request/request-head.ts';
import { readSwitching } from './handshake.ts';
import { roleOf } from './header-roles.ts';
import { parseTarget } from './request-target.ts';

/**
 * Checks what node:http accepts although upstream servers may parse it differently
 * (reference: RFC 9112 §3, §6; request smuggling in threats S2, S4, U4, U5, P6).
 */
export function readHead(req: RequestLine, maxHeaders: number): RequestHead | Deny {
  const { rawHeaders, httpVersion } = req;
  const method = req.method ?? '';
  if (rawHeaders.length > maxHeaders * 2) {
    return deny('headers_too_large', `${rawHeaders.length / 2} header lines`);
  }
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return malformed(`HTTP version ${httpVersion}`);
  if (method === 'TRACE' || method === 'CONNECT') return malformed(`method ${method}`);

  let host: string | undefined;
  let hasBody = false;
  let websocket = false;
  let spdy = false;
  let refusable: RefusableHeader[] | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    const role = roleOf(name);
    if (role === 'other') continue;
    if (typeof role === 'object') {
      if (role.kind === 'other-spelling') return malformed(`a header that reads as ${role.of}`);
      (refusable ??= []).push(role);
      continue;
    }
    if (role === 'host') {
      if (host !== undefined) return malformed('more than one Host');
      host = value;
    } else if (role === 'transfer-encoding') {
      if (httpVersion === '1.0') return malformed('Transfer-Encoding in HTTP/1.0');
      if (value.toLowerCase() !== 'chunked') return malformed('a Transfer-Encoding other than chunked');
      hasBody = true;
    } else if (role === 'content-length') {
      // Beyond 2^53 the forwarded number would differ from the received one.
      if (!/^\d{1,15}$/.test(value)) return malformed('a Content-Length that is not a usable number');
      hasBody ||= value !== '0';
    } else if (role === 'upgrade') {
      websocket ||= /(?:^|[\s,])websocket(?:$|[\s,/])/i.test(value);
      spdy ||= /^\s*SPDY\/[\d.]+\s*$/i.test(value);
    } else if (role === 'expect' && value.toLowerCase() !== '100-continue') {
      return malformed('an Expect other than 100-continue');
    }
  }
  // A server that switches protocols at once reads the body as frames or as requests (threats S9).
  if (websocket && hasBody) return malformed('a WebSocket handshake with a body');
  if (host === undefined || !HOST.test(host)) return malformed('a missing or invalid Host');
  const switching = websocket ? readSwitching(req, hasBody) : undefined;
  if (switching?.kind === 'malformed') return malformed(switching.detail);

  const target = parseTarget(req.url ?? '');
  if ('kind' in target) return target;
  const head: RequestHead = { method, host: host.toLowerCase(), ...target, hasBody, rawHeaders };
  if (switching === undefined && refusable === undefined && !spdy) return head;
  return { ...head, webSocket: switching?.kind === 'websocket', refusable, ...(spdy && { spdy }) };
}

/**
 * The head of a request whose connection cannot switch protocols: it is authorized and forwarded as a plain
 * request.
 */
export function asPlainRequest(head: RequestHead | Deny): RequestHead | Deny {
  return 'kind' in head || head.webSocket !== true ? head : { ...head, webSocket: false };
}

function malformed(detail: string): Deny {
  return deny('request_malformed', detail);
}

/** A name without trailing dot or an address, and a port (RFC 9110 §7.2; no user, path or query). */
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_-])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;
