import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A complete request, parsed from the bytes of a connection. */
export interface RecordedRequest {
  readonly requestLine: string;
  /** Lowercase name → values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly head: string;
  readonly body: string;
}

export interface RecordingUpstream {
  readonly url: string;
  readonly port: number;
  /** Every byte of every connection, in order of arrival, as latin1. */
  bytes(): string;
  /** The requests that a strict parser finds in those bytes. */
  requests(): readonly RecordedRequest[];
  /** Connections accepted so far, and open now. */
  readonly accepted: () => number;
  readonly open: () => number;
  /** Replaces the response to all further requests. */
  respond(answer: Answer): void;
  /** Calls `act` with every open connection, whether or not its request is complete. */
  interrupt(act: (socket: Socket) => void): void;
  reset(): void;
  close(): Promise<void>;
}

/** Raw bytes to write when a request is complete, or a function that controls the socket. */
export type Answer = string | ((socket: Socket, request: RecordedRequest) => void);

export const OK = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok';

/** An upstream that records the exact received bytes, because smuggling tests cannot rely on a parser. */
export async function startRecordingUpstream(answer: Answer = OK): Promise<RecordingUpstream> {
  let current = answer;
  let recorded = '';
  let requests: RecordedRequest[] = [];
  let accepted = 0;
  const sockets = new Set<Socket>();

  const server = createServer({ noDelay: true }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    let buffer = '';
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      recorded += text;
      buffer += text;
      for (let buffered = takeRequest(buffer); buffered !== undefined; buffered = takeRequest(buffer)) {
        buffer = buffered.rest;
        requests.push(buffered.request);
        if (typeof current === 'string') socket.write(current, 'latin1');
        else current(socket, buffered.request);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    bytes: () => recorded,
    requests: () => requests,
    accepted: () => accepted,
    open: () => sockets.size,
    respond(next) {
      current = next;
    },
    interrupt: (act) => sockets.forEach((socket) => act(socket)),
    reset() {
      recorded = '';
      requests = [];
      current = answer;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The first whole request of a buffer, by Content-Length or chunks; undefined while incomplete. */
function takeRequest(buffer: string): { request: RecordedRequest; rest: string } | undefined {
  const end = buffer.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = buffer.slice(0, end);
  const [requestLine = '', ...lines] = head.split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const after = buffer.slice(end + 4);
  if (headers.get('transfer-encoding')?.[0] === 'chunked') {
    const last = /(?:^|\r\n)0\r\n\r\n/.exec(after);
    if (last === null) return undefined;
    const stop = last.index + last[0].length;
    return { request: { requestLine, headers, head, body: after.slice(0, stop) }, rest: after.slice(stop) };
  }
  const length = Number(headers.get('content-length')?.[0] ?? 0);
  if (after.length < length) return undefined;
  return {
    request: { requestLine, headers, head, body: after.slice(0, length) },
    rest: after.slice(length),
  };
}
