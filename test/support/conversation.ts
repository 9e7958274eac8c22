import { connect } from 'node:net';
import { eventually } from './eventually.ts';
import { parseResponses, type RawResponse } from './raw-client.ts';

/** A connection on which a test writes when it likes, and reads what there is. */
export interface Conversation {
  write(bytes: string | Buffer): void;
  /** What has come so far. */
  received(): string;
  /** All responses, once the gateway has closed the connection. */
  answers(): Promise<readonly RawResponse[]>;
  /** Code of the error that ended the connection. */
  error(): string | undefined;
  /** Half-closes: the client has no more to say. */
  end(): void;
  destroy(): void;
}

/** `from` is the client's address, any of 127/8. */
export async function openConversation(port: number, from = '127.0.0.1'): Promise<Conversation> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  let received = '';
  let error: string | undefined;
  let closed = false;
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code));
  socket.on('close', () => (closed = true));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    write: (bytes) => void (socket.writable && socket.write(bytes)),
    received: () => received,
    async answers() {
      await eventually('the gateway to close the connection', () => closed);
      return parseResponses(received);
    },
    error: () => error,
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}
