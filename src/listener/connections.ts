import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';

/** How long a client may go on sending what nobody reads before its connection is cut. */
const LINGER = 2_000;

/**
 * Closes a connection on which the client may still be sending. Closing at once would make the kernel answer
 * the rest with RST, and the client would lose the refusal that it has not read yet (RFC 9112 §9.6).
 */
export function closeGently(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER).unref();
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

/** Makes node's own closing after a last response gentle where the request's body was not read. */
export function closeGentlyAfterLastResponse(
  socket: Socket,
  request: () => IncomingMessage | undefined,
): void {
  socket.destroySoon = () => {
    if (request()?.complete === false && !socket.destroyed) closeGently(socket);
    else Socket.prototype.destroySoon.call(socket);
  };
}

/** `server.close()` alone waits for keep-alive connections; idle ones are closed as they fall idle. */
export async function drain(server: Server, deadline: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), 200);
  const cut = setTimeout(() => server.closeAllConnections(), deadline);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
