import { connect, type Socket } from 'node:net';
import { eventually } from '../eventually.ts';

/** A connection to the live updates of the Decisions page. */
export interface EventStream {
  /** Everything received. */
  readonly text: () => string;
  readonly closed: () => boolean;
  /** The status line, once it has arrived. */
  status(): Promise<number>;
  close(): void;
}

/** Opens `/console/decisions/feed`. */
export function openEventStream(adminUrl: string, { query = '', cookie = '' } = {}): EventStream {
  const { port } = new URL(adminUrl);
  let text = '';
  let closed = false;
  const socket: Socket = connect(Number(port), '127.0.0.1');
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => (closed = true));
  const head = [
    `GET /console/decisions/feed${query} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return {
    text: () => text,
    closed: () => closed,
    status: async () =>
      Number(await eventually('a response', () => /^HTTP\/1\.1 (\d{3}) [^]*?\r\n\r\n/.exec(text)?.[1])),
    close: () => socket.destroy(),
  };
}
