import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { misbehave, type Fault } from '../issuer.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A stand-in for the API of an issuer, written from its documentation. */
export interface TestApi {
  readonly url: string;
  /** The token that the API accepts. */
  readonly token: string;
  /** All requests, in order. */
  readonly requests: readonly ApiRequest[];
  /** The active failure of all endpoints. */
  fault: Fault | undefined;
  close(): Promise<void>;
}

/**
 * Starts the server; `respond` is called for requests with the valid token only. Members of `state` are members of the
 * result, and tests can change them.
 */
export async function startApi<S extends object>(
  state: S,
  respond: (request: ApiRequest) => ApiResponse,
  unauthorized: ApiResponse,
): Promise<TestApi & S> {
  const token = 'liveness-token-of-the-gateway';
  const requests: ApiRequest[] = [];
  const api = Object.assign(state, { fault: undefined as Fault | undefined });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const received = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      requests.push(received);
      const answer = async (): Promise<void> => {
        if (api.fault !== undefined && (await misbehave(response, api.fault)) === 'done') return;
        const authorized = headers.authorization === `Bearer ${token}`;
        const { status, body, headers: more = {} } = authorized ? respond(received) : unauthorized;
        const fields = { 'content-type': 'application/json', ...more };
        response.writeHead(status, fields).end(JSON.stringify(body));
      };
      void answer();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(api, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    requests,
    close: () => closeServer(server),
  });
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
