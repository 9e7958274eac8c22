import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

export interface TcpRelay {
  readonly port: number;
  readonly accepted: () => number;
  /** What went to the target so far, as latin1. */
  sent(): string;
  /** What is connected now goes dead without being closed, as when a machine is gone; new connections are fine. */
  freeze(): void;
  close(): Promise<void>;
}

/**
 * Bytes to and from a loopback port; the first `silent` connections are accepted and never served. `before` can delay
 * a chunk that goes to the target.
 */
export async function startTcpRelay(
  target: number,
  silent = 0,
  before?: (chunk: string) => Promise<unknown> | undefined,
): Promise<TcpRelay> {
  let accepted = 0;
  let sent = '';
  const pairs: (readonly [Socket, Socket])[] = [];
  const mute: Socket[] = [];
  const server = createServer((client) => {
    accepted += 1;
    client.on('error', () => undefined);
    if (accepted <= silent) {
      mute.push(client.resume());
      return;
    }
    const upstream = connect(target, '127.0.0.1').on('error', () => undefined);
    client.on('data', (chunk: Buffer) => (sent += chunk.toString('latin1')));
    client.pipe(delayed(before)).pipe(upstream).pipe(client);
    pairs.push([client, upstream]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    sent: () => sent,
    freeze() {
      for (const [client, upstream] of pairs) {
        client.unpipe().resume();
        upstream.unpipe(client).resume();
      }
    },
    close() {
      for (const socket of [...mute, ...pairs.flat()]) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function delayed(before: (chunk: string) => Promise<unknown> | undefined = () => undefined): Duplex {
  return Duplex.from(async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      await before(chunk.toString('latin1'));
      yield chunk;
    }
  }).on('error', () => undefined);
}
