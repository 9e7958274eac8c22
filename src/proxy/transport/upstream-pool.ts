import { buildConnector, Pool, type Dispatcher } from 'undici';
import type { Log } from '../../core/ports.ts';
import { openUpstreamTls, type TlsMaterial, type UpstreamTlsSettings } from './upstream-tls.ts';

export interface PoolSettings extends UpstreamTlsSettings {
  readonly url: string;
  /** Maximum number of connections and of requests in flight. */
  readonly connections: number;
  /** Milliseconds, like the timeouts. */
  readonly connectionLifetime: number;
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
}

export interface UpstreamPool {
  dispatch: Pool['dispatch'];
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
  return {
    dispatch: (options, handler) => made.pool.dispatch(withServername(options), handler),
    connect: (callback) => made.connect(callback),
    async close() {
      tls.close();
      await made.pool.destroy();
    },
  };
}

function openPool(
  settings: PoolSettings,
  material: TlsMaterial,
): Pick<UpstreamPool, 'connect'> & { readonly pool: Pool } {
  const { connect: timeout, headers, idle } = settings.timeouts;
  // HTTP/2 is the default over TLS, but response framing is checked for HTTP/1.1 only.
  const connect = buildConnector({ timeout, allowH2: false, ...material });
  // undici would verify the certificate against the Host header, which may be the client's. With an empty name it uses
  // the host of the origin, and none for an IP address, which Node refuses as a server name.
  const servername = settings.serverName ?? '';
  const { origin, protocol, hostname, host, port } = new URL(settings.url);
  const pool = new Pool(origin, {
    connections: settings.connections,
    pipelining: 1,
    allowH2: false,
    // DNS is resolved per connection, so connections expire to follow address changes.
    clientTtl: settings.connectionLifetime,
    headersTimeout: headers,
    bodyTimeout: idle,
    maxHeaderSize: 64 * 1024,
    connect: (options, callback) => connect({ ...options, servername }, callback),
  });
  const where = { protocol, hostname: hostname.replaceAll(/[[\]]/g, ''), host, port, servername };
  return { pool, connect: (callback) => connect(where, callback) };
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
