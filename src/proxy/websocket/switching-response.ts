import { hash } from 'node:crypto';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { invalidResponse, type InvalidResponse } from '../transport/invalid-response.ts';
import type { Handshake } from './handshake-headers.ts';

/**
 * Checks a 101 response against the handshake (RFC 6455 §4.1). Accepting any 101 as a tunnel would give the client a
 * connection on which the upstream still reads requests (CVE-2018-1002105).
 */
export function checkSwitching(
  rawHeaders: readonly string[],
  handshake: Handshake,
): InvalidResponse | undefined {
  const received = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = foldHeaderName(rawHeaders[i] ?? '');
    received.set(name, [...(received.get(name) ?? []), (rawHeaders[i + 1] ?? '').trim()]);
  }
  const all = (name: string): readonly string[] => received.get(name) ?? [];
  const upgrades = all('upgrade');
  if (upgrades.length !== 1 || upgrades[0]?.toLowerCase() !== 'websocket')
    return invalidResponse('a 101 to another protocol');
  const named = all('connection').flatMap((value) => value.split(','));
  if (!named.some((name) => name.trim().toLowerCase() === 'upgrade'))
    return invalidResponse('a 101 without Connection: upgrade');
  const accepts = all('sec-websocket-accept');
  if (accepts.length !== 1 || accepts[0] !== acceptOf(handshake.key))
    return invalidResponse('a 101 with a Sec-WebSocket-Accept of another handshake');
  const protocols = all('sec-websocket-protocol');
  if (protocols.length > 1 || protocols.some((name) => !handshake.protocols.includes(name))) {
    return invalidResponse('a 101 with a subprotocol that the client did not offer');
  }
  return received.has('content-length') || received.has('transfer-encoding')
    ? invalidResponse('a 101 with a body')
    : undefined;
}

/** RFC 6455 §4.2.2. */
function acceptOf(key: string): string {
  return hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
}
