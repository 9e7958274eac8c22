import { connect } from 'node:net';
import { eventually } from './eventually.ts';
import { parseResponses, type RawResponse } from './raw-client.ts';

/** A raw connection that a test writes to and reads from step by step. */
export interface Conversation {
  write(bytes: string | Buffer): void;
  /** All received bytes, as latin1. */
  received(): string;
  /** Waits until the gateway closes the connection and returns all responses. */
  answers(): Promise<readonly RawResponse[]>;
  /** Code of the error that ended the connection. */
  error(): string | undefined;
  /** Half-closes the connection. */
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
