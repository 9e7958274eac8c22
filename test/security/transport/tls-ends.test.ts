/**
 * N1: a body that the end of a TLS connection delimits is complete only if the upstream sent close_notify (RFC 9112 §9.8,
 * threats.md).
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { createAuthority } from '../../support/certificates.ts';
import { cleanUp } from '../../support/clean-up.ts';
import { startOrdersScenario } from '../../support/scenario/orders.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';
import { openWireClient } from '../../support/wire/wire-client.ts';

const keep = cleanUp();

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keep({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

/** The end of the response on the TLS connection. */
type End = (socket: TLSSocket) => void;

interface Ends {
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly end: End;
  /** Bytes of the body. */
  readonly length: number;
  /** The network passes on the connection without its last bytes. */
  readonly dropped?: number;
}

const closeNotify: End = (socket) => socket.end();
const tcpOnly: End = (socket) => socket.destroy();

/** A gateway in front of an upstream that responds as HTTP/1.0 without a length. */
async function startGateway({ maxVersion, end, length, dropped = 0 }: Ends) {
  const authority = createAuthority('upstream');
  const server = createTlsServer({ ...authority.issue('IP:127.0.0.1'), maxVersion }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const response = `HTTP/1.0 200 OK\r\n\r\n${'a'.repeat(length)}`;
      socket.write(response, () => end(socket));
    });
  });
  const port = await listen(server);
  const between = dropped === 0 ? port : await listen(network(port, dropped));
  const scenario = await startOrdersScenario(`https://127.0.0.1:${between}`, {
    upstream: 'caFile: ca.pem',
    files: { 'ca.pem': authority.certificate },
  });
  return keep(scenario);
}

/** A connection to the port that loses the last bytes of the response. */
function network(port: number, dropped: number): Server {
  return createServer((client) => {
    const upstream = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
    client.pipe(upstream);
    let held = Buffer.alloc(0);
    upstream.on('data', (chunk: Buffer) => {
      // A handshake is shorter than the response, and passes.
      held = Buffer.concat([held, chunk]);
      const passed = held.length > 16 * 1024 ? held.length - dropped : held.length;
      client.write(held.subarray(0, passed));
      held = held.subarray(passed);
    });
    upstream.on('end', () => client.end());
  });
}

const LENGTHS = { short: 20, long: 3_000_000 };

test.each(
  (['TLSv1.2', 'TLSv1.3'] as const).flatMap((maxVersion) =>
    Object.entries(LENGTHS).flatMap(([size, length]) => [
      { maxVersion, size, length, how: 'close_notify', end: closeNotify, complete: true },
      { maxVersion, size, length, how: 'the end of TCP', end: tcpOnly, complete: false },
    ]),
  ),
)('$maxVersion, a $size body that ends with $how: complete $complete', async ({ complete, ...ends }) => {
  const scenario = await startGateway(ends);
  const client = await openWireClient(scenario.port);
  client.write(scenario.head('GET', '/orders/a'));
  // A long body meets a client that does not read yet.
  client.pause();
  await loopTurns(50);
  client.resume();
  const got = await client.next();
  // The reset of the connection may discard all of an incomplete response.
  expect(got?.complete ?? false).toBe(complete);
  expect(got?.status ?? 200).toBe(200);
  expect('a'.repeat(ends.length).startsWith(got?.body ?? '')).toBe(true);
  if (complete) expect(got?.body.length).toBe(ends.length);
  const [event] = await scenario.audit(1);
  expect(event?.event).toMatchObject({ reason: complete ? 'granted' : 'upstream_unreachable' });
  if (!complete)
    expect(event?.gatehouse).toMatchObject({ detail: 'the TLS connection ended without close_notify' });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  '%s, the network drops the last bytes: incomplete',
  async (maxVersion) => {
    // close_notify alone, a part of it, and a part of the last record of the body.
    for (const dropped of [31, 10, 500]) {
      const scenario = await startGateway({ maxVersion, end: closeNotify, length: 100_000, dropped });
      const client = await openWireClient(scenario.port);
      const got = await client.ask(scenario.head('GET', '/orders/a'));
      expect([got?.status, got?.complete]).toEqual([200, false]);
    }
  },
);
