import type { Server } from 'node:http';
import { GatehouseError } from '../core/errors.ts';
import { formatListenAddress, type ListenAddress } from '../util/http/listen-address.ts';

/**
 * Connections that the kernel completes before the process accepts them; it applies its own limit
 * (net.core.somaxconn). With the 511 of Node, a burst of clients is reset while the event loop is busy.
 */
export const BACKLOG = 4096;

export interface ListenOptions {
  /** The key of the configuration, for error messages. */
  readonly key: string;
  /** Sets SO_REUSEPORT: the kernel distributes new connections among the processes that set it. */
  readonly reusePort: boolean;
}

/** Resolves with the bound address; rejects with `startup_failed`. */
export function listen(
  server: Pick<Server, 'once' | 'listen' | 'address'>,
  address: ListenAddress,
  { key, ...options }: ListenOptions,
): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `${key}: ${formatListenAddress(address)} ${startProblem(cause.code, options)}`;
      reject(new GatehouseError('startup_failed', message, { cause }));
    });
    server.listen({ ...address, ...options, backlog: BACKLOG }, () => {
      const bound = server.address();
      resolve({
        host: address.host,
        port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
      });
    });
  });
}

function startProblem(code: string | undefined, { reusePort }: Pick<ListenOptions, 'reusePort'>): string {
  switch (code) {
    case 'EADDRINUSE':
      return reusePort
        ? 'is in use by a process without server.reusePort or of another user: stop it, or choose another port'
        : 'is in use by another process: stop it, or choose another port';
    case 'EACCES':
      return 'may not be listened on by this user: choose a port above 1023';
    case 'EADDRNOTAVAIL':
      return 'is not an address of this machine';
    case 'ENOTSUP':
    case 'ENOPROTOOPT':
      if (reusePort) return 'cannot be shared: this system has no SO_REUSEPORT; remove server.reusePort';
      break;
    default:
  }
  return `cannot be listened on (${code ?? 'unknown error'})`;
}
