import type { ClientRequest } from 'node:http';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type * as proxyModule from 'http-proxy-3';
import { http } from '../../util/http/node-http.ts';
import type { UpstreamPool } from '../transport/upstream-pool.ts';
import { headersByName, SWITCHING, withoutCredentials } from './handshake-headers.ts';

export type SentHandshake =
  | { readonly kind: 'sent'; readonly request: ClientRequest }
  /** Node refuses a header that its parser accepted. */
  | { readonly kind: 'unsendable'; readonly error: unknown };

/** Sends handshakes through http-proxy-3. */
export function createHandshakeSender(connect: UpstreamPool['connect']) {
  let proxy: ReturnType<typeof createProxy> | undefined;
  const agent = new PoolAgent(connect);

  function send(path: string, headers: readonly string[], client: Socket, early: Buffer): ClientRequest {
    const requests: ClientRequest[] = [];
    const intercept = (request: ClientRequest): void => {
      // http-proxy-3 normalizes the path, which policy authorized as it is.
      request.path = path;
      requests.push(request);
    };
    const incoming = new http.IncomingMessage(new Socket());
    Object.assign(incoming, {
      method: 'GET',
      url: '/',
      httpVersion: '1.1',
      httpVersionMajor: 1,
      httpVersionMinor: 1,
    });
    incoming.headers = headersByName([...withoutCredentials(headers), ...SWITCHING]);
    // The agent applies the TLS policy of the upstream; the target is not used.
    const target = { protocol: 'http:', host: 'upstream.invalid', port: 80 };
    proxy ??= createProxy();
    proxy.on('proxyReqWs', intercept);
    try {
      proxy.ws(incoming, client, early, { target, agent }, () => undefined);
    } finally {
      proxy.off('proxyReqWs', intercept);
    }
    const [request] = requests;
    if (request === undefined) throw new TypeError('http-proxy-3 sent no request');
    return request;
  }

  return (...handshake: Parameters<typeof send>): SentHandshake => {
    try {
      return { kind: 'sent', request: send(...handshake) };
    } catch (error) {
      return { kind: 'unsendable', error };
    }
  };
}

const require = createRequire(import.meta.url);

/** http-proxy-3 and its dependencies are loaded at the first handshake: most gateways never have one. */
function createProxy() {
  const { createProxyServer } = require('http-proxy-3') as typeof proxyModule;
  const proxy = createProxyServer();
  // Without a listener http-proxy-3 throws; the sockets report the same errors.
  proxy.on('error', () => undefined);
  return proxy;
}

/** Opens connections through the pool of the service. */
class PoolAgent extends http.Agent {
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
      if (socket !== undefined) callback?.(null, socket);
      // Node ignores the second argument after an error, although its types require it.
      else callback?.(error, undefined as unknown as Socket);
    });
  }
}
