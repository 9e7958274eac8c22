import type { IncomingHttpHeaders } from 'node:http';
import { foldHeaderName } from '../../util/http/header-name.ts';

/** The request fields that a 101 response is checked against. */
export interface Handshake {
  readonly key: string;
  readonly protocols: readonly string[];
}

export function readHandshake(headers: readonly string[]): Handshake {
  const all = (folded: string): readonly string[] =>
    pairs(headers).flatMap(([name, value]) => (foldHeaderName(name) === folded ? [value] : []));
  return {
    key: all('sec-websocket-key')[0]?.trim() ?? '',
    protocols: all('sec-websocket-protocol').flatMap((value) => value.split(',').map((name) => name.trim())),
  };
}

/**
 * Removes bearer tokens from Sec-WebSocket-Protocol, where Kubernetes reads them because browsers cannot set headers
 * on a handshake (staging/src/k8s.io/apiserver/pkg/authentication/request/websocket).
 */
export function withoutCredentials(headers: readonly string[]): readonly string[] {
  return pairs(headers).flatMap(([name, value]) => {
    if (foldHeaderName(name) !== 'sec-websocket-protocol') return [name, value];
    const kept = value.split(',').filter((protocol) => !BEARER_PROTOCOL.test(protocol));
    return kept.length === 0 ? [] : [name, kept.join(',')];
  });
}

const BEARER_PROTOCOL = /^\s*base64url\.bearer\.authorization\.k8s\.io\./i;

/** In the form of `http.IncomingMessage.headers`: a string for one line, an array for several. */
export function headersByName(headers: readonly string[]): IncomingHttpHeaders {
  const result: IncomingHttpHeaders = {};
  for (const [name, values] of Map.groupBy(pairs(headers), ([line]) => foldHeaderName(line))) {
    const [first, ...more] = values.map(([, value]) => value);
    Object.assign(result, { [name]: more.length === 0 ? first : [first, ...more] });
  }
  return result;
}

function pairs(headers: readonly string[]): (readonly [string, string])[] {
  return headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] ?? ''] as const] : []));
}

export const SWITCHING = ['Connection', 'Upgrade', 'Upgrade', 'websocket'] as const;
