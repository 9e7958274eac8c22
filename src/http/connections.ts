import { ServerResponse, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';

/** How long a client may go on sending what nobody reads before its connection is cut. */
const LINGER = 2_000;

/**
 * Closes a connection on which the client may still be sending. Closing at once would make the kernel answer
 * the rest with RST, and the client would lose the refusal that it has not read yet (RFC 9112 §9.6).
 */
function closeGently(socket: Socket): void {
  closing.add(socket);
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER).unref();
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

/** What still comes on such a connection is thrown away, but node's parser complains of it all the same. */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket);
}

const closing = new WeakSet<Socket>();

/**
 * Answers bytes that never became a request, and closes. Requests before them on the connection are whole: their
 * answers go first, and nothing after them, because a client takes answers for those of its requests in order.
 */
export function refuseConnection(socket: Socket, status: number, pending: ServerResponse | undefined): void {
  // From here on nothing that comes is looked at: each packet would be refused, and told of, again.
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
  const reason = STATUS_CODES[status] ?? '';
  socket.write(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** A response on a connection that node has let go of: the last one there, and closed behind. */
export function answerOn(socket: Socket, req: IncomingMessage): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  // What node does for its own.
  socket.on('drain', () => {
    if (res.writableNeedDrain) res.emit('drain');
  });
  res.once('finish', () => closeGently(socket));
  return res;
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

/** Resolves after so many milliseconds, or with `cut`. */
export async function delay(milliseconds: number, cut: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([over, cut]);
  clearTimeout(timer);
}

/**
 * Connections that the kernel has taken and node has not yet are reset when the port is closed, and node takes them one by
 * one: the port is closed right after a turn of the loop in which none came.
 */
async function quietTurn(server: Server): Promise<void> {
  let came = false;
  const noted = (): void => void (came = true);
  server.on('connection', noted);
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    came = false;
    await new Promise((resolve) => setImmediate(resolve));
    if (!came) break;
  }
  server.off('connection', noted);
}

/** Under a flood none is quiet. */
const MOST_TURNS = 1_000;

/** Milliseconds. */
const SWEEP = 200;

/**
 * `server.close()` alone waits for keep-alive connections; idle ones are closed as they fall idle. `detached` are
 * connections that it waits for although node's own cut does not reach them any more.
 */
export async function closeServer(
  server: Server,
  how: {
    readonly deadline: number;
    readonly cut: Promise<unknown>;
    readonly detached: ReadonlySet<Socket>;
  },
): Promise<void> {
  if (!server.listening) return;
  await quietTurn(server);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // After what has arrived was read: a connection that is closed with a request in the kernel's buffer is reset.
  const sweep = setInterval(() => setImmediate(() => server.closeIdleConnections()), SWEEP);
  await Promise.race([closed, delay(how.deadline, how.cut)]);
  clearInterval(sweep);
  server.closeAllConnections();
  for (const socket of how.detached) socket.destroy();
  await closed;
}
