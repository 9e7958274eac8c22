import { buildConnector, Pool, type Dispatcher } from 'undici';
import type { Log } from '../../core/ports.ts';
import { openUpstreamTls, type TlsMaterial, type UpstreamTlsSettings } from './upstream-tls.ts';

export interface PoolSettings extends UpstreamTlsSettings {
  readonly url: string;
  /** Most of them, and most requests in flight. */
  readonly connections: number;
  /** Milliseconds, as the others. */
  readonly connectionLifetime: number;
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
}

export interface UpstreamPool {
  dispatch: Pool['dispatch'];
  /** A connection of its own, under the same TLS policy. */
  readonly connect: (callback: buildConnector.Callback) => void;
  close(): Promise<void>;
}

/**
 * The connections to one upstream under one TLS policy; none is ever shared with another (CVE-2026-58040).
 * Changed certificates make a new pool, while the old one finishes what it carries.
 */
export function createUpstreamPool(service: string, settings: PoolSettings, log: Log): UpstreamPool {
  const withOneName = nameAs(settings);
  const tls = openUpstreamTls(service, settings, log, (material) => {
    const previous = made.pool;
    made = makePool(settings, material);
    void previous.close();
  });
  let made = makePool(settings, tls.current);
  return {
    dispatch: (options, handler) => made.pool.dispatch(withOneName(options), handler),
    connect: (callback) => made.connect(callback),
    async close() {
      tls.close();
      await made.pool.destroy();
    },
  };
}

function makePool(
  settings: PoolSettings,
  material: TlsMaterial,
): Pick<UpstreamPool, 'connect'> & { readonly pool: Pool } {
  const { connect: timeout, headers, idle } = settings.timeouts;
  // HTTP/2 is on by default over TLS; framing is checked for HTTP/1.1 only.
  const connect = buildConnector({ timeout, allowH2: false, ...material });
  // undici would verify the certificate against the Host header, which may be the client's: without a name
  // it takes that of the origin (and none for an address, which node refuses as one).
  const servername = settings.serverName ?? '';
  const { origin, protocol, hostname, host, port } = new URL(settings.url);
  const pool = new Pool(origin, {
    connections: settings.connections,
    pipelining: 1,
    allowH2: false,
    // Names are resolved per connection, so connections retire: a Service that moves is followed.
    clientTtl: settings.connectionLifetime,
    headersTimeout: headers,
    bodyTimeout: idle,
    maxHeaderSize: 64 * 1024,
    connect: (options, callback) => connect({ ...options, servername }, callback),
  });
  const where = { protocol, hostname: hostname.replaceAll(/[[\]]/g, ''), host, port, servername };
  return { pool, connect: (callback) => connect(where, callback) };
}

/** To undici another Host is another server: it would close the connection and open a new one for each. */
function nameAs(settings: PoolSettings): (options: Dispatcher.DispatchOptions) => Dispatcher.DispatchOptions {
  const { protocol, hostname } = new URL(settings.url);
  if (protocol === 'http:') return (options) => options;
  const name = { servername: settings.serverName ?? hostname };
  return (options) => ({ ...options, ...name });
}
