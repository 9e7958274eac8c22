import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { GatehouseError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';
import { onDemand } from '../util/async/on-demand.ts';
import { isLoopback, type ListenAddress, parseListenAddress } from '../util/http/listen-address.ts';
import { http } from '../util/http/node-http.ts';
import { createAccessCheck } from './access.ts';
import type { AdminPorts } from './admin-app.ts';
import { internalError, notLoaded, writeApiResponse, type ApiResponse } from './api-response.ts';
import { READ_ROUTES, respondToRead } from './read-routes.ts';
import { TokenAttempts } from './token-attempts.ts';

export interface AdminSettings {
  /** `ADDRESS:PORT`; port 0 selects a free port. */
  readonly listen: string;
  /** Returns the current token. Required if `listen` is not loopback; if set, requests must send it. */
  readonly token?: (() => Secret | undefined) | undefined;
}

export interface Admin {
  /** Resolves with the bound address. */
  start(): Promise<{ readonly address: string; readonly port: number }>;
  stop(): Promise<void>;
}

const STOP_DEADLINE_MS = 200;

export function createAdmin(settings: AdminSettings, ports: AdminPorts): Admin {
  const where = parseListenAddress(settings.listen);
  if (!(where.port <= 65_535)) throw startupFailed(`${settings.listen} has no port up to 65535`);
  const loopback = isLoopback(where.host);
  const token = settings.token ?? ((): undefined => undefined);
  if (!loopback && token() === undefined) {
    throw startupFailed(`${settings.listen} is not loopback, so server.admin.tokenFile is required`);
  }

  const access = { loopback, token, attempts: new TokenAttempts(ports.clock) };
  const refusalOf = createAccessCheck(access, ports.log);
  const app = onDemand(async () => {
    const { createAdminRequestListener } = await import('./request-listener.ts');
    return createAdminRequestListener(access, refusalOf, ports);
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await respondToRead(request, response, refusalOf, ports)) return;
    const handle = await app().catch((error: unknown) => fail(request, response, error, notLoaded()));
    await handle?.(request, response);
  }
  /** A fault outside the app: of a read route, or of the disk or the file descriptors that the app's modules need. */
  function fail(
    { url = '' }: IncomingMessage,
    response: ServerResponse,
    error: unknown,
    refusal: ApiResponse,
  ): undefined {
    // Any other target can contain a credential.
    const path = READ_ROUTES.has(url) ? url : undefined;
    const name = error instanceof Error ? error.name : 'unknown';
    ports.log.error('an admin request failed', { path, error: name });
    if (response.headersSent) response.destroy();
    else writeApiResponse(response, refusal);
  }
  const server = http.createServer(
    { headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 16 * 1024 },
    (request, response) =>
      void respond(request, response).catch((error: unknown) =>
        fail(request, response, error, internalError()),
      ),
  );

  return {
    async start() {
      await listen(server, where, settings.listen);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') throw startupFailed('no address after listening');
      ports.log.info('admin listener is up', { address: bound.address, port: bound.port });
      return { address: bound.address, port: bound.port };
    },
    stop: () => stop(server),
  };
}

function listen(server: Server, where: ListenAddress, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => reject(startupFailed(whyNot(text, cause), cause));
    server.once('error', refused);
    server.listen({ host: where.host, port: where.port }, () => {
      server.off('error', refused);
      resolve();
    });
  });
}

function whyNot(text: string, { code = 'unknown error' }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return `${text} is in use; stop what listens there, or set server.admin.listen`;
    case 'EACCES':
      return `${text} may not be opened by this user; set server.admin.listen to a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${text} is no address of this machine; set server.admin.listen`;
    default:
      return `${text} cannot be opened (${code})`;
  }
}

/** `close()` waits for keep-alive connections: idle connections are closed at once, the others at the deadline. */
function stop(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), STOP_DEADLINE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function startupFailed(problem: string, cause?: unknown): GatehouseError {
  return new GatehouseError('startup_failed', `admin listener: ${problem}`, { cause });
}
