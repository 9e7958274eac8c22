import { REQUEST_HEADERS } from '../core/headers/request-header-roles.ts';
import { deny, type Deny } from '../core/decision.ts';
import type { DescribedRequest } from './contracts/contract.ts';
import { foldLoosely } from '../util/http/header-name.ts';
import { compileHeaderNames } from '../util/http/header-names.ts';

/** The headers of the client's request, as far as the proxy sends them. */
export interface OriginalHeaders {
  /** With the described Host; without the headers of the connection between proxy and gateway. */
  readonly rawHeaders: readonly string[];
  readonly webSocket: boolean;
  readonly spdy: boolean;
  readonly refusal: Deny | undefined;
}

export function readOriginalHeaders(
  rawHeaders: readonly string[],
  { hosts, setsOriginal = false }: Pick<DescribedRequest, 'hosts' | 'setsOriginal'>,
): OriginalHeaders {
  const kept: string[] = [];
  for (const host of hosts) kept.push('Host', host);
  let webSocket = false;
  let spdy = false;
  let refusal: Deny | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    switch (roleOf(name)) {
      case 'connection':
        continue;
      case 'handshake':
        webSocket = true;
        break;
      case 'upgrade': {
        const protocol = value.trim().toLowerCase();
        if (protocol === 'websocket') webSocket = true;
        else if (protocol.startsWith('spdy/')) spdy = true;
        // A proxy may forward the offer, and a switched connection carries requests that it does not see.
        else refusal = deny('request_malformed', 'an offer to switch to a protocol other than WebSocket');
        continue;
      }
      case 'credential':
        // Envoy joins repeated headers; none of the credentials contains a comma.
        if (value.includes(',')) refusal = deny('credential_conflict', 'a credential header with a comma');
        break;
      case 'original':
        if (setsOriginal) continue;
        break;
      case 'other':
        break;
      default:
    }
    kept.push(name, value);
  }
  return { rawHeaders: kept, webSocket, spdy, refusal };
}

type Role = 'connection' | 'original' | 'handshake' | 'upgrade' | 'credential' | 'other';

/** Cached per spelling; the number and length of the cached names are bounded. */
function roleOf(name: string): Role {
  const known = roles.get(name);
  if (known !== undefined) return known;
  const role = find(foldLoosely(name)) ?? 'other';
  if (roles.size < MAX_KNOWN && name.length <= MAX_KNOWN_LENGTH) roles.set(name, role);
  return role;
}

const find = compileHeaderNames<Role>([
  ...REQUEST_HEADERS.flatMap(({ role, names }): [readonly string[], Role][] =>
    role === 'credential' ? [[names, 'credential']] : [],
  ),
  [['Sec-WebSocket-Key', 'Sec-WebSocket-Version'], 'handshake'],
  [['Upgrade'], 'upgrade'],
  [['X-Original-*'], 'original'],
  [
    [
      'Connection',
      'Content-Length',
      'Expect',
      'Host',
      'HTTP2-Settings',
      'Keep-Alive',
      'Proxy-Connection',
      'TE',
      'Trailer',
      'Transfer-Encoding',
    ],
    'connection',
  ],
]);

const MAX_KNOWN = 500;
const MAX_KNOWN_LENGTH = 64;
const roles = new Map<string, Role>();
