import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The response of a token endpoint to a request, after its body. */
export type EndpointBehaviour = (req: IncomingMessage, res: ServerResponse) => void;

/** Responds with this status and this JSON document, or this text as it is. */
export function jsonResponse(status: number, body: unknown): EndpointBehaviour {
  return (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Failures of the connection or of HTTP that every token endpoint can have. */
export const TRANSPORT_FAULTS = {
  hangs: () => undefined,
  drips: (_req, res) => {
    res.writeHead(200);
    const timer = setInterval(() => res.write(' '), 50);
    res.on('close', () => clearInterval(timer));
  },
  cuts: (req) => req.socket.destroy(),
  redirects: (_req, res) => {
    res.writeHead(307, { location: '/good' });
    res.end();
  },
} as const satisfies Readonly<Record<string, EndpointBehaviour>>;

export interface HostileEndpoint {
  readonly url: string;
  /** Paths of the received requests, in order. */
  readonly calls: string[];
  /** Behaviour by the first segment of the path; others hang. */
  readonly behaviours: Map<string, EndpointBehaviour>;
  close(): Promise<void>;
}

/** A server that behaves by path. */
export async function startHostileEndpoint(
  behaviours: ReadonlyMap<string, EndpointBehaviour>,
): Promise<HostileEndpoint> {
  const calls: string[] = [];
  const current = new Map(behaviours);
  const server = createServer((req, res) => {
    calls.push(req.url ?? '');
    req.resume();
    req.on('end', () => current.get(/^\/([^/?]*)/.exec(req.url ?? '')?.[1] ?? '')?.(req, res));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    behaviours: current,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
