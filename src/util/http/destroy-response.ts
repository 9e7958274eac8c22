import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Destroys the connection of a response that cannot be completed. A response behind an earlier one (pipelining) has no
 * socket yet: Node's `destroy` would leave the connection open, and the client would wait for the rest.
 */
export function destroyResponse(
  res: ServerResponse,
  how: (socket: Socket) => void = (socket) => socket.destroy(),
): void {
  if (res.socket === null) res.once('socket', how);
  else how(res.socket);
}
