import { REASONS } from '../core/reasons.ts';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TcpServer, Socket } from 'node:net';
import { http } from '../util/http/node-http.ts';

/** Milliseconds after which a half-closed connection is cut although the client is still sending. */
const LINGER = 2_000;

/**
 * Closes a connection on which the client may still be sending. An immediate close makes the kernel
 * respond to further bytes with RST, and the client loses the refusal that it has not read yet (RFC 9112 §9.6).
 */
function closeGently(socket: Socket): void {
  closing.add(socket);
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER).unref();
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

/** Bytes on a closing connection are discarded, but Node's parser still reports errors in them. */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket);
}

const closing = new WeakSet<Socket>();

/**
 * Refuses bytes that are not a request, and closes the connection. A pending response to an earlier request is sent
 * instead of the refusal, because a client matches responses to its requests in order.
 */
export function refuseConnection(socket: Socket, status: number, pending: ServerResponse | undefined): void {
  // Without this, every further packet would be refused and audited again.
  closing.add(socket);
  if (pending !== undefined && !pending.writableFinished) {
    pending.shouldKeepAlive = false;
    pending.once('finish', () => closeGently(socket));
    return;
  }
  writeRefusal(socket, status);
  closeGently(socket);
}

export function writeRefusal(socket: Socket, status: number): void {
  const phrase = http.STATUS_CODES[status] ?? '';
  const [type, body] = status === 431 ? TOO_LARGE : ['', ''];
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  socket.write(`HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\n${type}${length}\r\n\r\n${body}`);
}

/** A token that is too long can exceed the limit of the head, so this refusal has a message. */
const TOO_LARGE = [
  'Content-Type: application/json\r\n',
  `${JSON.stringify({ error: 'headers_too_large', message: REASONS.headers_too_large.message })}\n`,
] as const;

/** The last response on a connection that Node has detached; its end closes the connection. */
export function createDetachedResponse(socket: Socket, req: IncomingMessage): ServerResponse {
  const res = new http.ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  // Node does this for attached connections only.
  socket.on('drain', () => {
    if (res.writableNeedDrain) res.emit('drain');
  });
  res.once('finish', () => closeGently(socket));
  return res;
}

/**
 * Replaces Node's close after a last response by a gentle one if the request body was not read completely. One function
 * for all connections of the listener.
 */
export function closeGentlyAfterLastResponse(
  request: (socket: Socket) => IncomingMessage | undefined,
): (this: Socket) => void {
  return function destroySoon() {
    if (request(this)?.complete === false && !this.destroyed) closeGently(this);
    else Socket.prototype.destroySoon.call(this);
  };
}

/** Resolves after so many milliseconds, or with `cut`. */
export async function waitUnlessCut(milliseconds: number, cut: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([over, cut]);
  clearTimeout(timer);
}

/**
 * Closing the port resets connections that the kernel has accepted and Node has not. Node accepts one connection per
 * turn of the event loop, so the port is closed after a turn without a new connection.
 */
async function turnWithoutConnection(server: Server): Promise<void> {
  let connected = false;
  const onConnection = (): void => void (connected = true);
  server.on('connection', onConnection);
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    connected = false;
    await new Promise((resolve) => setImmediate(resolve));
    if (!connected) break;
  }
  server.off('connection', onConnection);
}

/** Under a flood, no turn is without a connection. */
const MAX_TURNS = 1_000;

/** Milliseconds between two closes of idle connections. */
const SWEEP = 50;

/**
 * Milliseconds for which a new connection may be silent when the port is closed, because its first request may be on its
 * way. Idle connections close only after this time without a new one.
 */
const FIRST_REQUEST = 250;

/**
 * Closes the server: idle connections at once, the others after their response, and the rest at the deadline or with
 * `cut`. `sockets` are the accepted ones; the server does not know those in a TLS handshake or detached from it.
 */
export async function closeServer(
  server: Server,
  how: {
    readonly deadline: number;
    readonly cut: Promise<unknown>;
    readonly sockets: () => readonly Socket[];
    /** Whether an orderly close would make a response look complete (threats S10). */
    readonly isTruncated: (socket: Socket) => boolean;
    /** Time of the last accepted connection, as of `performance.now()`. */
    readonly acceptedAt: () => number;
  },
): Promise<void> {
  if (!server.listening) return;
  await turnWithoutConnection(server);
  const quietAt = how.acceptedAt() + FIRST_REQUEST;
  // Not the server's own `close()`, which would also close new connections before their first request is read.
  const closed = new Promise<void>((resolve) => TcpServer.prototype.close.call(server, () => resolve()));
  const closeIdle = (): void => {
    if (performance.now() < quietAt) return;
    server.closeIdleConnections();
    for (const socket of how.sockets()) if (socket.bytesRead === 0) socket.destroy();
  };
  // After the poll phase: closing a connection with an unread request in the kernel's buffer resets it.
  const sweep = (): void => void setImmediate(closeIdle);
  sweep();
  const timer = setInterval(sweep, SWEEP);
  await waitUnlessCut(how.deadline, Promise.race([closed, how.cut]));
  clearInterval(timer);
  // Stops the periodic check of connections.
  server.close();
  for (const socket of how.sockets()) if (how.isTruncated(socket)) socket.resetAndDestroy();
  server.closeAllConnections();
  for (const socket of how.sockets()) socket.destroy();
  await closed;
}
