import { buildConnector, Client, Pool, type Dispatcher } from 'undici';
import type { Log } from '../../core/ports.ts';
import { openUpstreamTls, type TlsMaterial, type UpstreamTlsSettings } from './upstream-tls.ts';

export interface PoolSettings extends UpstreamTlsSettings {
  readonly url: string;
  /** Maximum number of connections and of requests in flight. */
  readonly connections: number;
  /** Milliseconds, like the timeouts. */
  readonly connectionLifetime: number;
  readonly timeouts: UpstreamTimeouts;
}

/** Milliseconds. */
export interface UpstreamTimeouts {
  readonly connect: number;
  readonly headers: number;
  /** Of requests with methods that are not safe. Default: `headers`. */
  readonly writeHeaders?: number | undefined;
  readonly idle: number;
  /** `idle` does not apply to responses without Content-Length. */
  readonly unboundedStreams?: boolean | undefined;
}

export interface UpstreamPool {
  dispatch: Pool['dispatch'];
  /** Sends a request on a new connection, which serves no other request. */
  dispatchAlone: Pool['dispatch'];
  /** Opens a separate connection under the same TLS policy. */
  readonly connect: (callback: buildConnector.Callback) => void;
  close(): Promise<void>;
}

/**
 * The connections to one upstream under one TLS policy, never shared with another policy (CVE-2026-58040).
 * Changed certificates create a new pool; the previous one completes its requests.
 */
export function createUpstreamPool(service: string, settings: PoolSettings, log: Log): UpstreamPool {
  const withServername = servernameOf(settings);
  const tls = openUpstreamTls(service, settings, log, (material) => {
    const previous = made.pool;
    made = openPool(settings, material);
    void previous.close();
  });
  let made = openPool(settings, tls.current);
  const alone = new Set<Client>();
  return {
    dispatch: (options, handler) => made.pool.dispatch(withServername(options), handler),
    dispatchAlone(options, handler) {
      const client = made.openClient();
      alone.add(client);
      const accepted = client.dispatch(withServername(options), handler);
      const forget = (): void => void alone.delete(client);
      // Resolves after the request, and rejects if the pool closes before that.
      client.close().then(forget, forget);
      return accepted;
    },
    connect: (callback) => made.connect(callback),
    async close() {
      tls.close();
      await Promise.all([made.pool, ...alone].map((each) => each.destroy()));
    },
  };
}

function openPool(
  settings: PoolSettings,
  material: TlsMaterial,
): Pick<UpstreamPool, 'connect'> & { readonly pool: Pool; readonly openClient: () => Client } {
  const { connect: timeout, headers, idle, unboundedStreams = false } = settings.timeouts;
  // HTTP/2 is the default over TLS, but response framing is checked for HTTP/1.1 only.
  const connect = buildConnector({ timeout, allowH2: false, ...material });
  // undici would verify the certificate against the Host header, which may be the client's. With an empty name it uses
  // the host of the origin, and none for an IP address, which Node refuses as a server name.
  const servername = settings.serverName ?? '';
  const { origin, protocol, hostname, host, port } = new URL(settings.url);
  const clientOptions: Client.Options = {
    pipelining: 1,
    allowH2: false,
    headersTimeout: headers,
    // The relay measures the idle time where it depends on the response.
    bodyTimeout: unboundedStreams ? 0 : idle,
    maxHeaderSize: 64 * 1024,
    connect: (options, callback) => connect({ ...options, servername }, callback),
  };
  const pool = new Pool(origin, {
    ...clientOptions,
    connections: settings.connections,
    // DNS is resolved per connection, so connections expire to follow address changes.
    clientTtl: settings.connectionLifetime,
  });
  const where = { protocol, hostname: hostname.replaceAll(/[[\]]/g, ''), host, port, servername };
  return {
    pool,
    openClient: () => new Client(origin, clientOptions),
    connect: (callback) => connect(where, callback),
  };
}

/** undici would otherwise open a new connection for each Host header. */
function servernameOf(
  settings: PoolSettings,
): (options: Dispatcher.DispatchOptions) => Dispatcher.DispatchOptions {
  const { protocol, hostname } = new URL(settings.url);
  if (protocol === 'http:') return (options) => options;
  const name = { servername: settings.serverName ?? hostname };
  return (options) => ({ ...options, ...name });
}
