import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface HttpUpstream {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Connections open now. */
  open(): number;
  close(): Promise<void>;
}

/** An upstream on Node's HTTP server, for bodies that are too large to record. */
export async function startHttpUpstream(
  handler: RequestListener,
  server: Server = createServer(),
): Promise<HttpUpstream> {
  const sockets = new Set<Socket>();
  server.on('request', handler);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    open: () => sockets.size,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
