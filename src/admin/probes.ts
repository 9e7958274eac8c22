import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback } from '../util/http/listen-address.ts';
import { hostNameOf } from './host-header.ts';
import type { Readiness } from './readiness.ts';

export interface ProbePorts {
  ready(): Readiness;
}

interface ProbeResponse {
  readonly status: 200 | 503;
  readonly contentType: string;
  readonly body: string;
}

type Probe = (ports: ProbePorts) => ProbeResponse;

/** The probes of an orchestrator send no token, and these responses contain no secrets. */
export const PROBES: ReadonlyMap<string, Probe> = new Map<string, Probe>([
  // Liveness covers the process only: a restart does not repair an unreachable issuer.
  ['/livez', () => ({ status: 200, contentType: 'text/plain;charset=UTF-8', body: 'ok\n' })],
  [
    '/readyz',
    (ports) => {
      const readiness = ports.ready();
      const status = readiness.ready ? 200 : 503;
      return { status, contentType: 'application/json', body: JSON.stringify(readiness) };
    },
  ],
]);

/** The headers of every response of the admin API, in the spelling of the Fetch API. */
export const API_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/**
 * Responds to a probe without the app, so that a gateway without other admin requests does not load Hono and the Fetch
 * API. Returns false for a request that the app handles: every refusal, and any other spelling of the path.
 */
export function respondToProbe(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  loopback: boolean,
  ports: ProbePorts,
): boolean {
  const probe = method === 'GET' || method === 'HEAD' ? PROBES.get(url ?? '') : undefined;
  if (probe === undefined || (loopback && !isLoopback(hostNameOf(headers.host) ?? ''))) return false;
  const { status, contentType, body } = probe(ports);
  response.writeHead(status, {
    'cache-control': API_HEADERS['cache-control'],
    'content-type': contentType,
    'x-content-type-options': API_HEADERS['x-content-type-options'],
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
  return true;
}
