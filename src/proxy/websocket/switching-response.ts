import { hash } from 'node:crypto';
import { foldHeaderName } from '../../util/http/header-name.ts';
import type { Handshake } from './handshake-headers.ts';

/**
 * Why an answer with 101 is none to this handshake (RFC 6455 §4.1), or undefined. Whoever takes any 101 for a tunnel gives the
 * client a connection on which the upstream may still read requests (CVE-2018-1002105).
 */
export function switchingProblem(rawHeaders: readonly string[], asked: Handshake): string | undefined {
  const said = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = foldHeaderName(rawHeaders[i] ?? '');
    said.set(name, [...(said.get(name) ?? []), (rawHeaders[i + 1] ?? '').trim()]);
  }
  const all = (name: string): readonly string[] => said.get(name) ?? [];
  const upgrades = all('upgrade');
  if (upgrades.length !== 1 || upgrades[0]?.toLowerCase() !== 'websocket') return 'a 101 to another protocol';
  const named = all('connection').flatMap((value) => value.split(','));
  if (!named.some((name) => name.trim().toLowerCase() === 'upgrade'))
    return 'a 101 without Connection: upgrade';
  const accepts = all('sec-websocket-accept');
  if (accepts.length !== 1 || accepts[0] !== acceptOf(asked.key)) return 'a 101 to another handshake';
  const protocols = all('sec-websocket-protocol');
  if (protocols.length > 1 || protocols.some((name) => !asked.protocols.includes(name))) {
    return 'a 101 with a subprotocol that nobody asked for';
  }
  return said.has('content-length') || said.has('transfer-encoding') ? 'a 101 with a body' : undefined;
}

/** RFC 6455 §4.2.2. */
function acceptOf(key: string): string {
  return hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
}
