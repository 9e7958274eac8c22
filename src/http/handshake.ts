import type { RequestLine } from '../core/request/incoming.ts';
import { foldHeaderName } from '../util/http/header-name.ts';

/** The protocol switch that a request offers. */
export type Switching =
  | { readonly kind: 'none' }
  /** A WebSocket handshake (RFC 6455 §4.2.1). */
  | { readonly kind: 'websocket' }
  | { readonly kind: 'malformed'; readonly detail: string };

const NONE: Switching = { kind: 'none' };

/**
 * Detects a WebSocket handshake, which names it in `Upgrade` and `Connection`. Other protocols and lists of protocols
 * are offers that a server may ignore (RFC 9110 §7.8).
 */
export function readSwitching({ method, httpVersion, rawHeaders }: RequestLine, hasBody: boolean): Switching {
  const headers = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = foldHeaderName(rawHeaders[i] ?? '');
    if (HANDSHAKE_HEADERS.has(name))
      headers.set(name, [...(headers.get(name) ?? []), rawHeaders[i + 1] ?? '']);
  }
  const [upgrade, ...others] = headers.get('upgrade') ?? [];
  const named = (headers.get('connection') ?? []).flatMap((value) => value.split(','));
  if (upgrade?.trim().toLowerCase() !== 'websocket' || others.length > 0) return NONE;
  if (!named.some((name) => name.trim().toLowerCase() === 'upgrade')) return NONE;

  const [version, ...versions] = headers.get('sec-websocket-version') ?? [];
  const [key, ...keys] = headers.get('sec-websocket-key') ?? [];
  if (method !== 'GET' || httpVersion !== '1.1') return malformed('is no GET of HTTP/1.1');
  if (hasBody) return malformed('has a body');
  if (headers.has('expect')) return malformed('expects something');
  if (version?.trim() !== '13' || versions.length > 0) return malformed('is not of version 13');
  if (key === undefined || keys.length > 0 || !KEY.test(key.trim()))
    return malformed('has no key of 16 bytes');
  return { kind: 'websocket' };
}

function malformed(what: string): Switching {
  return { kind: 'malformed', detail: `a WebSocket handshake that ${what}` };
}

const HANDSHAKE_HEADERS: ReadonlySet<string> = new Set([
  'upgrade',
  'connection',
  'expect',
  'sec-websocket-version',
  'sec-websocket-key',
]);

/** Base64 of 16 bytes. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
