import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type * as https from 'node:https';
import type { Socket } from 'node:net';
import type { ConnectionMeter } from '../core/operation/meter.ts';
import type { Log } from '../core/ports.ts';
import type {
  Incoming,
  MalformedRequest,
  OriginalRequestChecks,
  ReadRequest,
  ReadSubrequest,
} from '../core/request/incoming.ts';
import type { ListenAddress } from '../util/http/listen-address.ts';
import { handleClientErrors } from './client-errors.ts';
import { addressBehind, createClientFacts } from './client-facts.ts';
import { ConnectionCount } from './connection-limits.ts';
import { closeGentlyAfterLastResponse, closeServer, refuseConnection, waitUnlessCut } from './connections.ts';
import { DetachedConnections } from './detached-connections.ts';
import { compileNetworks, plainAddress } from './networks.ts';
import { readHead } from './read-head.ts';
import { RequestEvents } from './request-events.ts';
import { createServer, type ListenerSettings } from './server-options.ts';
import { loadCertificate, watchCertificate } from './tls.ts';
import { createRefusePeer, isTrustedPeer } from './trusted-peers.ts';

/** The receivers of the traffic. They must not throw. */
export interface Handlers {
  request(incoming: Incoming): void;
  broken(request: MalformedRequest): void;
}

export interface Listener<Address = ListenAddress> {
  start(): Promise<Address>;
  /** Throws for unusable settings. The returned function applies them, to open connections too. */
  prepare(settings: ListenerSettings): () => void;
  /**
   * From now on every response closes its connection, so that clients reconnect elsewhere; resolves after
   * `drainDelay`, or with `cut`.
   */
  drain(cut: Promise<unknown>): Promise<void>;
  /**
   * Stops accepting connections, lets requests in flight complete, and closes the rest at the deadline, or
   * with `cut`.
   */
  stop(cut: Promise<unknown>): Promise<void>;
  /** The certificate that clients receive, with its chain (PEM); undefined without TLS. */
  certificate(): string | undefined;
}

export interface ListenerPorts {
  readonly log: Log;
  readonly meter: ConnectionMeter;
}

/** The server of a listener, without its address. `read`: the requests are subrequests of trusted peers. */
export function createServerListener(
  settings: ListenerSettings,
  handlers: Handlers & { readonly read?: ReadSubrequest },
  ports: ListenerPorts,
): Omit<Listener, 'start'> & { readonly server: Server } {
  const { tls } = settings;
  const { read } = handlers;
  const proto = tls === undefined ? 'http' : 'https';
  let { limits } = settings;
  let trusted = compileNetworks(settings.trustedProxies);
  let clientFacts = createClientFacts(trusted, proto);
  let draining = false;

  const checks: OriginalRequestChecks = {
    readHead: (original) => readHead(original, limits.headerCount),
    clientAddress: (req, forwardedFor) =>
      addressBehind(plainAddress(req.socket.remoteAddress ?? ''), forwardedFor, trusted),
  };
  const readRequest = (req: IncomingMessage): ReadRequest => ({
    original: req,
    head: readHead(req, limits.headerCount),
    client: clientFacts(req),
  });
  const state = {
    headerCount: () => limits.headerCount,
    read: read === undefined ? readRequest : (req: IncomingMessage) => read(req, checks),
    switchesProtocols: read === undefined,
    isDraining: () => draining,
    maxPipelined: () => limits.connections,
  };
  const requests = new RequestEvents(
    state,
    (incoming) => handlers.request(incoming),
    (socket) => connections.refusePipelined(socket),
  );
  const { responses } = requests;
  const server = createServer(settings, (req) => requests.acceptsUpgrade(req));
  let certificate = tls === undefined ? undefined : watchCertificate(tls, server as https.Server, ports.log);
  const requiresCertificate = tls?.clientCaFile !== undefined;
  const refusePeer = createRefusePeer(ports.log);
  const connections = new ConnectionCount(ports);
  const detached = new DetachedConnections();

  const mayConnect = (socket: Socket, requiresCertificate: boolean): boolean =>
    read === undefined || isTrustedPeer(socket, { requiresCertificate, trusted });
  const destroySoon = closeGentlyAfterLastResponse((socket) => responses.get(socket)?.req);
  const forget = function (this: Socket): void {
    responses.delete(this);
  };
  server.on('connection', (socket: Socket) => {
    // The certificate is known after the handshake.
    if (!requiresCertificate && !mayConnect(socket, false)) return refusePeer(socket);
    connections.admit(socket, limits, read === undefined ? trusted : 'all');
  });
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    if (requiresCertificate && !mayConnect(socket, true)) return refusePeer(socket);
    socket.destroySoon = destroySoon;
    socket.on('close', forget);
  });
  requests.register(server);
  detached.register(server, requests, refuse);
  handleClientErrors(server, responses, refuse);

  function refuse(socket: Socket, status: number, detail: string): void {
    handlers.broken({ status, detail, client: peerFacts(socket) });
    refuseConnection(socket, status, responses.get(socket));
  }

  function prepare(next: ListenerSettings): () => void {
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
  }

  async function drain(cut: Promise<unknown>): Promise<void> {
    if (!server.listening) return;
    draining = true;
    // Only the newest response of a connection may close it; earlier responses are still to be sent.
    for (const [, response] of responses.entries())
      if (!response.headersSent) response.shouldKeepAlive = false;
    await waitUnlessCut(limits.drainDelay, cut);
  }

  async function stop(cut: Promise<unknown>): Promise<void> {
    draining = true;
    certificate?.close();
    detached.closeSwitched();
    await closeServer(server, {
      deadline: limits.drain,
      cut,
      sockets: () => connections.open(),
      isTruncated: (socket) => isTruncated(responses.get(socket)),
      acceptedAt: () => connections.acceptedAt,
    });
    await detached.closed();
  }

  return { server, prepare, drain, stop, certificate: () => certificate?.current };
}

/** A response has begun, and the end of its connection may look like the end of its body. */
function isTruncated(response: ServerResponse | undefined): boolean {
  return response?.headersSent === true && !response.writableFinished && !response.chunkedEncoding;
}

function peerFacts(socket: Socket): MalformedRequest['client'] {
  return { address: socket.remoteAddress ?? '', proto: 'encrypted' in socket ? 'https' : 'http' };
}
