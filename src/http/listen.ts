import type { Server } from 'node:http';
import { GatehouseError } from '../core/errors.ts';
import type { ListenAddress } from '../util/http/listen-address.ts';

/** Resolves with the bound address; rejects with `startup_failed`. */
export function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const problem =
        START_PROBLEMS[cause.code ?? ''] ?? `cannot be listened on (${cause.code ?? 'unknown error'})`;
      reject(
        new GatehouseError('startup_failed', `server.listen: ${address.host}:${address.port} ${problem}`, {
          cause,
        }),
      );
    });
    server.listen(address, () => {
      const bound = server.address();
      resolve({
        host: address.host,
        port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
      });
    });
  });
}

const START_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process: stop it, or choose another port',
  EACCES: 'may not be listened on by this user: choose a port above 1023',
  EADDRNOTAVAIL: 'is not an address of this machine',
};
