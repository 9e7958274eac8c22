import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import { ReadBuffer } from './read-buffer.ts';
import type { Reader } from './reader.ts';
import { RecordBuffers } from './record-buffers.ts';
import { UpstreamError } from './upstream-error.ts';
import type { TlsMaterial } from './upstream-tls.ts';

export interface ConnectorSettings {
  readonly url: string;
  readonly serverName?: string | undefined;
  /** Milliseconds, including DNS and the TLS handshake. */
  readonly timeout: number;
}

export type Connected = (error: Error | null, socket: Socket | undefined) => void;

export interface Connector {
  /** Opens a connection. Without `reader` the socket emits `data`. */
  (connected: Connected, reader?: Reader): Socket;
}

/**
 * Opens connections to one upstream under one TLS policy. DNS is resolved for each connection. `presented` receives
 * each connection on which the upstream has presented its certificate.
 */
export function createConnector(
  settings: ConnectorSettings,
  material: TlsMaterial,
  presented?: (socket: TLSSocket) => void,
): Connector {
  const { protocol, hostname, port } = new URL(settings.url);
  const host = hostname.replaceAll(/[[\]]/g, '');
  const open =
    protocol === 'https:'
      ? tlsOpener(host, Number(port || 443), settings.serverName, material)
      : tcpOpener(host, Number(port || 80));

  return function connect(connected, reader) {
    const socket = open(reader);
    const timer = setTimeout(() => socket.destroy(new UpstreamError('connect_timeout')), settings.timeout);
    const done = (error: Error | null): void => {
      clearTimeout(timer);
      socket.off('close', closed).off('error', done);
      connected(error, error === null ? socket : undefined);
    };
    const closed = (): void => done(new UpstreamError('connection_closed'));
    socket.on('close', closed).on('error', done);
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      if (socket instanceof TLSSocket && !socket.isSessionReused()) presented?.(socket);
      done(null);
    });
    return socket;
  };
}

type Opener = (reader: Reader | undefined) => Socket;

const KEEP_ALIVE = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

function tcpOpener(host: string, port: number): Opener {
  return (reader) => {
    if (reader === undefined) return connectTcp({ host, port, ...KEEP_ALIVE });
    const buffer = new ReadBuffer(reader);
    const socket = connectTcp({ host, port, ...KEEP_ALIVE, ...onRead(buffer) });
    socket.once('close', () => buffer.close());
    return socket;
  };
}

function tlsOpener(host: string, port: number, name: string | undefined, material: TlsMaterial): Opener {
  const secureContext = createSecureContext(material);
  // Without a configured name, the certificate is verified against the host; an IP address is no server name.
  const servername = name ?? (isIP(host) === 0 ? host : '');
  let session: Buffer | undefined;
  return (reader) => {
    const socket = connectTls({
      host,
      port,
      servername,
      secureContext,
      session,
      // Response framing is checked for HTTP/1.1 only.
      ALPNProtocols: ['http/1.1'],
      ...(reader !== undefined && onRead(new RecordBuffers(reader))),
    });
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE.keepAliveInitialDelay);
    socket.on('session', (issued) => void (session = issued));
    return socket;
  };
}

/** Node reads into buffers of the caller. */
function onRead(buffers: ReadBuffer | RecordBuffers): Pick<TcpNetConnectOpts, 'onread'> {
  const callback = (length: number): boolean => {
    buffers.received(length);
    return true;
  };
  return { onread: { buffer: buffers.next, callback } };
}
