import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeRequest, type RecordedRequest } from './recorded-request.ts';

/** Bytes of a response, in order, and whether the upstream closes the connection behind them. */
export interface Reply {
  readonly bytes: readonly string[];
  readonly close?: boolean;
}

export interface Upstream {
  readonly url: string;
  readonly port: number;
  respond(reply: Reply | undefined): void;
  /** Requests since the last call, and what remains of bytes that are no whole request. */
  take(): { readonly requests: readonly RecordedRequest[]; readonly partial: string };
  /** Resolves once the gateway has closed the connections that this side has ended, and those with half a request. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds for the gateway to close a connection. */
const PATIENCE = 5_000;

const DEFAULT_REPLY: Reply = {
  bytes: ['HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nupstream'],
};

/** An upstream on a raw socket that records the exact bytes of every request. */
export async function startUpstream(): Promise<Upstream> {
  let current = DEFAULT_REPLY;
  let requests: RecordedRequest[] = [];
  let partial = '';
  const sockets = new Set<Socket>();
  const ending = new Set<Socket>();
  /** Connections on which half a request has arrived. */
  const incomplete = new Set<Socket>();

  function answer(socket: Socket, { head }: RecordedRequest): void {
    // A response to HEAD has no body, whatever its length says.
    const ofHead = head.startsWith('HEAD ');
    for (const part of current.bytes) {
      socket.write(ofHead ? part.replace(/(\r\n\r\n)[^]*$/, '$1') : part, 'latin1');
    }
    if (current.close !== true) return;
    ending.add(socket);
    socket.end();
  }

  const server = createServer({ noDelay: true }, (socket) => {
    let buffer = '';
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const set of [sockets, ending, incomplete]) set.delete(socket);
      partial += buffer;
    });
    socket.on('data', (chunk) => {
      buffer += chunk.toString('latin1');
      for (let buffered = takeRequest(buffer); buffered !== undefined; buffered = takeRequest(buffer)) {
        buffer = buffered.rest;
        requests.push(buffered.request);
        answer(socket, buffered.request);
      }
      if (buffer === '') incomplete.delete(socket);
      else incomplete.add(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    respond(reply) {
      current = reply ?? DEFAULT_REPLY;
    },
    take() {
      const buffered = { requests, partial };
      requests = [];
      partial = '';
      return buffered;
    },
    async settled() {
      const open = [...ending, ...incomplete];
      const closed = Promise.all(open.map((socket) => once(socket, 'close')));
      await Promise.race([closed, sleep(PATIENCE, undefined, { ref: false })]);
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
