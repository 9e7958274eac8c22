import { Agent, IncomingMessage, type ClientRequest, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { createProxyServer } from 'http-proxy-3';
import type { Forwarding } from '../../core/request/forwarding.ts';
import { byName, readHandshake, SWITCHING, withoutCredentials, type Handshake } from './handshake-headers.ts';
import type { LocationRewriter } from '../rewrite/location.ts';
import { relayResponse } from '../relay/relay-response.ts';
import type { Relay } from '../relay/relay.ts';
import { readResponseHead } from '../transport/response-head.ts';
import { switchingProblem } from './switching-response.ts';
import { TunnelWatch, type Tunnel, type TunnelLimits } from './tunnel-watch.ts';
import type { UpstreamPool } from '../transport/upstream-pool.ts';

export interface TunnelSettings extends TunnelLimits {
  readonly location: LocationRewriter;
  /** Milliseconds from the handshake to the answer's head, and without a byte of an answer that is no 101. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
}

export interface Tunnels {
  /** Sends a checked handshake; `relay` answers the client wherever the upstream does not switch. */
  open(forwarding: Forwarding, path: string, headers: readonly string[], relay: Relay): void;
  close(): void;
}

/**
 * WebSockets. http-proxy-3 sends the handshake that we made and carries the two connections once they are ones; what the upstream
 * answers is taken out of its hands, because it would pass on whatever that is (docs/adr/0019-websockets.md).
 */
export function createTunnels(settings: TunnelSettings, connect: UpstreamPool['connect']): Tunnels {
  const { timeouts, location } = settings;
  const watch = new TunnelWatch(settings);
  const proxy = createProxyServer();
  // It throws what nobody listens to; whoever has to know is told by the sockets themselves.
  proxy.on('error', () => undefined);
  const agent = new PoolAgent(connect);

  function open(forwarding: Forwarding, path: string, headers: readonly string[], relay: Relay): void {
    const { req, upgrade } = forwarding.incoming;
    if (upgrade === undefined) throw new TypeError('a handshake without a connection');
    const client = req.socket;
    const asked = readHandshake(headers);
    const sent = attempt(() => sendHandshake(path, headers, client, upgrade.early));
    // A header that node does not send, where its parser took it.
    if (!('request' in sent)) return relay.onResponseError(undefined, sent.error);
    const { request } = sent;
    const [carry, ...others] = request.listeners('upgrade');
    if (carry === undefined || others.length > 0) throw new TypeError('http-proxy-3 is not what it was');
    // Nothing can have been answered yet: the connection is made in a later turn.
    for (const event of ['upgrade', 'response', 'error']) request.removeAllListeners(event);

    const stopWatching = watchForEnd(client);
    const timer = setTimeout(() => request.destroy(new TimeoutError()), timeouts.connect + timeouts.headers);
    const answered = (): void => {
      clearTimeout(timer);
      stopWatching();
    };
    relay.onRequestStart({ ...NO_CONTROL, abort: () => void request.destroy() });
    request.on('error', (error) => {
      answered();
      relay.onResponseError(undefined, error);
    });
    request.on('response', (answer) => {
      answered();
      request.setTimeout(timeouts.idle, () => request.destroy(new TimeoutError()));
      relayResponse(request, answer, relay);
    });
    request.on('upgrade', (answer, upstream, early) => {
      answered();
      upstream.on('error', () => upstream.destroy());
      forwarding.upstreamStatus = 101;
      const cleaned = cleanAnswer(answer, asked, forwarding);
      if (typeof cleaned === 'string') {
        upstream.destroy();
        return relay.refuse('upstream_invalid', cleaned);
      }
      answer.headers = cleaned;
      upgrade.switched = true;
      carry.call(request, answer, upstream, early);
      keep({ client, upstream, forwarding });
    });
  }

  /** The request as http-proxy-3 makes it of nothing but what it is given here. */
  function sendHandshake(
    path: string,
    headers: readonly string[],
    client: Socket,
    early: Buffer,
  ): ClientRequest {
    const made: ClientRequest[] = [];
    const take = (request: ClientRequest): void => {
      // It reads paths as a URL parser does; policy has read this one as it is.
      request.path = path;
      made.push(request);
    };
    const given = new IncomingMessage(new Socket());
    Object.assign(given, {
      method: 'GET',
      url: '/',
      httpVersion: '1.1',
      httpVersionMajor: 1,
      httpVersionMinor: 1,
    });
    given.headers = byName([...withoutCredentials(headers), ...SWITCHING]);
    // TLS is the agent's: there is one policy for it, and it is not read here.
    const target = { protocol: 'http:', host: 'upstream.invalid', port: 80 };
    proxy.on('proxyReqWs', take);
    try {
      proxy.ws(given, client, early, { target, agent }, () => undefined);
    } finally {
      proxy.off('proxyReqWs', take);
    }
    const [request] = made;
    if (request === undefined) throw new TypeError('http-proxy-3 has sent nothing');
    return request;
  }

  function cleanAnswer(
    answer: IncomingMessage,
    asked: Handshake,
    { head, incoming }: Forwarding,
  ): IncomingHttpHeaders | string {
    const problem = switchingProblem(answer.rawHeaders, asked);
    if (problem !== undefined) return problem;
    const read = readResponseHead(answer.rawHeaders, 101, head.host, location);
    if (read.kind === 'invalid') return read.detail;
    return byName([...read.headers, ...SWITCHING, 'X-Request-Id', incoming.requestId]);
  }

  function keep(tunnel: Tunnel): void {
    const { client, upstream, forwarding } = tunnel;
    const [sentBefore, gotBefore, openedAt] = [upstream.bytesWritten, client.bytesWritten, performance.now()];
    watch.add(tunnel);
    // Before anybody else hears of it: what has been counted goes into the audit event.
    client.prependOnceListener('close', () => {
      forwarding.bytesIn = upstream.bytesWritten - sentBefore;
      forwarding.bytesOut = client.bytesWritten - gotBefore;
      forwarding.upstreamDuration = performance.now() - openedAt;
      watch.remove(tunnel);
      upstream.destroy();
    });
    // The client gets what is on its way to it, and then has to go.
    upstream.once('close', () => setTimeout(() => client.destroy(), LINGER).unref());
  }

  return {
    open,
    close: () => watch.close('the service has changed, or the gateway stops'),
  };
}

function attempt(
  send: () => ClientRequest,
): { readonly request: ClientRequest } | { readonly error: unknown } {
  try {
    return { request: send() };
  } catch (error) {
    return { error };
  }
}

/** Milliseconds for the last bytes of an upstream that has closed. */
const LINGER = 2_000;

/** Connections as the pool of the service makes them. */
class PoolAgent extends Agent {
  readonly #connect: UpstreamPool['connect'];

  constructor(connect: UpstreamPool['connect']) {
    super();
    this.#connect = connect;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Socket) => void,
  ): undefined {
    this.#connect((error, socket) => {
      if (error === null) callback?.(null, socket);
      // Node takes none beside an error, whatever its types say.
      else callback?.(error, undefined as unknown as Socket);
    });
  }
}

class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

const NO_CONTROL = {
  aborted: false,
  paused: false,
  reason: null,
  pause: () => undefined,
  resume: () => undefined,
};

/** Node reads nothing of a connection that it has let go of: whether the client has left is seen by looking. */
function watchForEnd(client: Socket): () => void {
  const look = (): void => {
    // What it has sent is for the upstream, and stays.
    if (client.readableLength === 0) client.read();
  };
  const left = (): void => void client.destroy();
  client.on('readable', look);
  client.once('end', left);
  return () => {
    client.off('readable', look);
    client.off('end', left);
  };
}
