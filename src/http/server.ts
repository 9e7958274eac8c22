import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import type { MalformedRequest, Incoming, Upgrade } from '../core/request/incoming.ts';
import type { ConnectionMeter } from '../core/meter.ts';
import type { Log } from '../core/ports.ts';
import { createClientFacts } from './client-facts.ts';
import { parseListenAddress, type ListenAddress } from '../util/http/listen-address.ts';
import { ConnectionCount, type ConnectionLimits } from './connection-limits.ts';
import {
  answerOn,
  closeGentlyAfterLastResponse,
  closeServer,
  delay,
  isClosing,
  refuseConnection,
  writeRefusal,
} from './connections.ts';
import { compileNetworks } from './networks.ts';
import { listen } from './listen.ts';
import { asPlainRequest, readHead } from './read-head.ts';
import { loadCertificate, watchCertificate } from './tls.ts';

export interface ListenerSettings {
  /** `ADDRESS:PORT`; port 0 takes a free one. */
  readonly listen: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly trustedProxies: readonly string[];
  readonly limits: {
    readonly headerBytes: number;
    readonly headerCount: number;
    /** Milliseconds, as the others. */
    readonly headersTimeout: number;
    readonly keepAlive: number;
    readonly drainDelay: number;
    readonly drain: number;
  } & ConnectionLimits;
}

/** What the listener hands its traffic to. Neither may throw. */
export interface Handlers {
  request(incoming: Incoming): void;
  broken(request: MalformedRequest): void;
}

export interface Listener {
  start(): Promise<ListenAddress>;
  /** Throws where they cannot be had; what it returns puts them in force, for connections that are open too. */
  prepare(settings: ListenerSettings): () => void;
  /** Every answer closes its connection from now on, so that clients go elsewhere; resolves after the delay, or `cut`. */
  drain(cut: Promise<unknown>): Promise<void>;
  /** Stops accepting, lets what is in flight finish, cuts what is left at the deadline, or at `cut`. */
  stop(cut: Promise<unknown>): Promise<void>;
}

export function createListener(
  settings: ListenerSettings,
  handlers: Handlers,
  ports: { readonly log: Log; readonly meter: ConnectionMeter },
): Listener {
  const { tls } = settings;
  let { limits } = settings;
  /** The newest request that offered to switch protocols. */
  let upgrading: http.IncomingMessage | undefined;
  const options: http.ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeout,
    // A push may take hours; bodies are bounded by their idle time instead.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAlive,
    connectionsCheckingInterval: Math.min(5_000, limits.headersTimeout),
    optimizeEmptyRequests: true,
    noDelay: true,
    shouldUpgradeCallback(req) {
      upgrading = req;
      const previous = current.get(req.socket);
      // Behind an answer that is not out yet, or is the last, nothing switches.
      if (previous !== undefined && (!previous.writableFinished || !previous.shouldKeepAlive)) return false;
      const head = readHead(req, limits.headerCount);
      return !('kind' in head) && head.webSocket === true;
    },
  };
  const server =
    tls === undefined
      ? http.createServer(options)
      : https.createServer({
          ...options,
          ...loadCertificate(tls),
          minVersion: 'TLSv1.2',
          ALPNProtocols: ['http/1.1'],
        });
  let certificate = tls === undefined ? undefined : watchCertificate(tls, server as https.Server, ports.log);
  // Our own limit refuses with 431; node's would silently drop what is over it (threats S4).
  server.maxHeadersCount = 0;

  const detached = new Set<Socket>();
  const upgrades = new Map<Socket, Upgrade>();
  /** The newest response of each connection. */
  const current = new Map<Socket, http.ServerResponse>();
  const proto = tls === undefined ? 'http' : 'https';
  let trusted = compileNetworks(settings.trustedProxies);
  let clientFacts = createClientFacts(trusted, proto);
  const connections = new ConnectionCount(ports);
  let leaving = false;

  function handleRequest(
    req: http.IncomingMessage,
    res: http.ServerResponse,
    expectsContinue: boolean,
    upgrade?: Upgrade,
  ): void {
    const previous = current.get(req.socket);
    // Behind an answer that closes the connection nothing counts as a request any more (threats S7).
    if (previous?.shouldKeepAlive === false) return;
    // Node throws away what stands behind such a request in the same packet, and reads on in the next one: where a
    // request begins would be decided by the network.
    if (req === upgrading || leaving) res.shouldKeepAlive = false;
    current.set(req.socket, res);
    const head = readHead(req, limits.headerCount);
    handlers.request({
      req,
      res,
      head: upgrade === undefined ? asPlainRequest(head) : head,
      client: clientFacts(req),
      requestId: randomUUID(),
      upgrade,
      expectsContinue,
    });
  }

  server.on('connection', (socket: Socket) => void connections.admit(socket, limits, trusted));
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    closeGentlyAfterLastResponse(socket, () => current.get(socket)?.req);
    socket.once('close', () => current.delete(socket));
  });
  server.on('request', (req, res) => handleRequest(req, res, false));
  server.on('checkContinue', (req, res) => handleRequest(req, res, true));
  server.on('checkExpectation', (req, res) => handleRequest(req, res, false));
  server.on('connect', (_req, stream) => {
    const socket = stream as Socket;
    detach(socket);
    refuse(socket, 400, 'method CONNECT');
  });
  server.on('upgrade', (req, stream, early) => {
    const socket = stream as Socket;
    const upgrade = { early, switched: false };
    detach(socket);
    upgrades.set(socket, upgrade);
    socket.once('close', () => upgrades.delete(socket));
    handleRequest(req, answerOn(socket, req), false, upgrade);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    if (isClosing(socket)) return;
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const status = CLIENT_ERROR_STATUS[error.code ?? ''] ?? 400;
    const response = current.get(socket);
    if (response?.req.complete !== false) return refuse(socket, status, error.code ?? 'unreadable');
    // The request whose body broke tells of it itself. A second response into one that has begun would be taken
    // for its body, and before one that is due (node gives each its socket in turn) for that one.
    if (response.headersSent || response.socket === null) {
      socket.destroy();
      return;
    }
    writeRefusal(socket, status);
    socket.end(() => socket.destroy());
  });

  /** Node has let go of this one: its errors and its end are nobody else's. */
  function detach(socket: Socket): void {
    detached.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => detached.delete(socket));
  }

  function refuse(socket: Socket, status: number, detail: string): void {
    handlers.broken({ status, detail, client: peerFacts(socket) });
    refuseConnection(socket, status, current.get(socket));
  }

  return {
    start: () => listen(server, parseListenAddress(settings.listen)),
    prepare(next) {
      const nextTrusted = compileNetworks(next.trustedProxies);
      const files = certificate === undefined ? undefined : next.tls;
      const pair = files && loadCertificate(files);
      return () => {
        ({ limits } = next);
        trusted = nextTrusted;
        clientFacts = createClientFacts(trusted, proto);
        server.headersTimeout = limits.headersTimeout;
        server.keepAliveTimeout = limits.keepAlive;
        if (files === undefined || pair === undefined) return;
        certificate?.close();
        (server as https.Server).setSecureContext(pair);
        certificate = watchCertificate(files, server as https.Server, ports.log);
      };
    },
    async drain(cut) {
      if (!server.listening) return;
      leaving = true;
      // The newest of each connection: those before it are answered first, and must not take it along.
      for (const response of current.values()) if (!response.headersSent) response.shouldKeepAlive = false;
      await delay(limits.drainDelay, cut);
    },
    async stop(cut) {
      leaving = true;
      certificate?.close();
      // They have no end of their own that could be waited for.
      for (const [socket, { switched }] of upgrades) if (switched) socket.destroySoon();
      await closeServer(server, { deadline: limits.drain, cut, detached });
      // Closed, but not yet told so: whoever waits for the end of one would hear of it after everything has stopped.
      const closed = [...detached].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      await Promise.all(closed);
    },
  };
}

function peerFacts(socket: Socket): MalformedRequest['client'] {
  return { address: socket.remoteAddress ?? '', proto: 'encrypted' in socket ? 'https' : 'http' };
}

const CLIENT_ERROR_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
