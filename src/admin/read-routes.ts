import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CheckAccess } from './access.ts';
import { apiResponse, writeApiResponse, type ApiResponse } from './api-response.ts';
import type { Readiness } from './readiness.ts';

export interface ReadPorts {
  ready(): Readiness;
  metrics(): Promise<{ readonly body: string; readonly contentType: string }>;
  /** The content of `/status`, without secrets. */
  status(): object;
}

interface ReadRoute {
  /** A probe of an orchestrator, which sends no token. The response contains no secrets. */
  readonly isProbe: boolean;
  read(ports: ReadPorts): ApiResponse | Promise<ApiResponse>;
}

/** The routes of the admin API that only read, with GET and HEAD. */
export const READ_ROUTES: ReadonlyMap<string, ReadRoute> = new Map<string, ReadRoute>([
  [
    '/livez',
    {
      isProbe: true,
      // Liveness covers the process only: a restart does not repair an unreachable issuer.
      read: () => ({ status: 200, contentType: 'text/plain;charset=UTF-8', body: 'ok\n' }),
    },
  ],
  [
    '/readyz',
    {
      isProbe: true,
      read(ports) {
        const readiness = ports.ready();
        return apiResponse(readiness.ready ? 200 : 503, readiness);
      },
    },
  ],
  ['/metrics', { isProbe: false, read: async (ports) => ({ status: 200, ...(await ports.metrics()) }) }],
  ['/status', { isProbe: false, read: (ports) => apiResponse(200, ports.status()) }],
]);

/** A host name, an IPv4 or a bracketed IPv6 address, with or without port. HTTP/1.0 allows a request without Host. */
const PLAIN_HOST = /^(?:(?:[a-z\d._-]+|\[[\da-f:.]+\])(?::\d+)?)?$/i;

/**
 * Responds without the app, so that a gateway which is only probed and scraped does not load Hono and the Fetch API.
 * Returns false for a request that the app handles: another method, another spelling of the path, an invalid Host.
 */
export async function respondToRead(
  request: IncomingMessage,
  response: ServerResponse,
  refusalOf: CheckAccess,
  ports: ReadPorts,
): Promise<boolean> {
  const { method, url = '', headers } = request;
  const route = method === 'GET' || method === 'HEAD' ? READ_ROUTES.get(url) : undefined;
  if (route === undefined || !PLAIN_HOST.test(headers.host ?? '')) return false;
  writeApiResponse(response, refusalOf(request, route.isProbe) ?? (await route.read(ports)));
  return true;
}
