import { connect, type Socket } from 'node:net';
import { parseResponses, type RawResponse } from './raw-client.ts';

export interface KeepAliveClient {
  /** One request, one response, on the connection of the last one if that is still open. */
  ask(bytes: string): Promise<RawResponse>;
  close(): void;
}

/** For thousands of raw requests in a row. Bodies need a Content-Length. */
export function startKeepAliveClient(port: number): KeepAliveClient {
  let socket: Socket | undefined;
  let received = '';
  let done: (() => void) | undefined;

  function open(): Socket {
    const opened = connect({ port, host: '127.0.0.1', noDelay: true });
    opened.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (whole(received)) done?.();
    });
    opened.on('error', () => undefined);
    opened.on('close', () => {
      // A discarded connection closes while the next one is in use.
      if (socket !== opened) return;
      socket = undefined;
      done?.();
    });
    return opened;
  }

  return {
    async ask(bytes) {
      received = '';
      socket ??= open();
      await new Promise<void>((resolve) => {
        done = resolve;
        socket?.write(Buffer.from(bytes, 'latin1'));
      });
      done = undefined;
      const [answer] = parseResponses(received);
      if (answer === undefined) throw new Error(`no answer to ${bytes.slice(0, 80)}: ${received}`);
      if (answer.headers.get('connection') === 'close') {
        socket?.destroy();
        socket = undefined;
      }
      return answer;
    },
    close: () => socket?.destroy(),
  };
}

function whole(received: string): boolean {
  const [answer] = parseResponses(received);
  return answer !== undefined && answer.body.length === Number(answer.headers.get('content-length') ?? 0);
}
