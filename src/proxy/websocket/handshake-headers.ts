import type { IncomingHttpHeaders } from 'node:http';
import { foldHeaderName } from '../../util/http/header-name.ts';

/** What the answer to a handshake is judged by. */
export interface Handshake {
  readonly key: string;
  readonly protocols: readonly string[];
}

export function readHandshake(headers: readonly string[]): Handshake {
  const all = (wanted: string): readonly string[] =>
    pairs(headers).flatMap(([name, value]) => (foldHeaderName(name) === wanted ? [value] : []));
  return {
    key: all('sec-websocket-key')[0]?.trim() ?? '',
    protocols: all('sec-websocket-protocol').flatMap((value) => value.split(',').map((name) => name.trim())),
  };
}

/**
 * Kubernetes reads a bearer token there, since browsers send no header of their own with a handshake
 * (staging/src/k8s.io/apiserver/pkg/authentication/request/websocket): a credential source like all others.
 */
export function withoutCredentials(headers: readonly string[]): readonly string[] {
  return pairs(headers).flatMap(([name, value]) => {
    if (foldHeaderName(name) !== 'sec-websocket-protocol') return [name, value];
    const kept = value.split(',').filter((protocol) => !BEARER_PROTOCOL.test(protocol));
    return kept.length === 0 ? [] : [name, kept.join(',')];
  });
}

const BEARER_PROTOCOL = /^\s*base64url\.bearer\.authorization\.k8s\.io\./i;

/** As node has headers: of one line, its value; of several, all of them. */
export function byName(headers: readonly string[]): IncomingHttpHeaders {
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
