import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';

/** A WebSocket server that echoes each message with its type. */
export interface EchoServer {
  readonly url: string;
  readonly port: number;
  /** Handshakes so far. */
  readonly handshakes: readonly IncomingMessage[];
  /** Connections that are open now. */
  open(): number;
  readonly server: WebSocketServer;
  close(): Promise<void>;
}

export async function startEchoServer(): Promise<EchoServer> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: true,
    handleProtocols: (protocols) => ([...protocols].includes('chat') ? 'chat' : false),
  });
  await once(server, 'listening');
  const handshakes: IncomingMessage[] = [];
  server.on('connection', (socket, request) => {
    handshakes.push(request);
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    handshakes,
    open: () => server.clients.size,
    server,
    close() {
      for (const client of server.clients) client.terminate();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export interface TestSocket {
  readonly socket: WebSocket;
  /** The response to the handshake. */
  readonly answer: IncomingMessage;
  send(data: string | Buffer): void;
  /** The next message. */
  next(): Promise<string>;
  /** The close code; 1006 without a closing handshake. */
  closed(): Promise<number>;
  close(): void;
}

/** Opens a WebSocket; rejects with the status if it is not 101. */
export async function openSocket(
  url: string,
  options: ClientOptions,
  protocols?: string[],
): Promise<TestSocket> {
  const socket = new WebSocket(url, protocols, options);
  const messages: string[] = [];
  const waiting: ((message: string) => void)[] = [];
  socket.on('message', (data: Buffer) => {
    const text = data.toString('latin1');
    const taker = waiting.shift();
    if (taker === undefined) messages.push(text);
    else taker(text);
  });
  const ended = new Promise<number>((resolve) => socket.once('close', resolve));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    let upgraded: IncomingMessage | undefined;
    socket.once('upgrade', (response) => (upgraded = response));
    socket.once('open', () => {
      if (upgraded !== undefined) resolve(upgraded);
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      reject(new Error(String(response.statusCode)));
    });
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return {
    socket,
    answer,
    send: (data) => socket.send(data),
    next: () => {
      const message = messages.shift();
      return message === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(message);
    },
    closed: () => ended,
    close: () => socket.terminate(),
  };
}
