import { buildConnector, Pool, type Dispatcher } from 'undici';
import { GatehouseError } from '../contract/errors.ts';
import type { Log } from '../contract/ports.ts';
import { WatchedFile } from '../lib/watched-file.ts';

export interface PoolSettings {
  readonly url: string;
  readonly caFile?: string | undefined;
  readonly connections: number;
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
 * A changed CA file makes a new pool, while the old one finishes what it carries.
 */
export function createUpstreamPool(service: string, settings: PoolSettings, log: Log): UpstreamPool {
  const path = settings.caFile;
  const withOneName = nameAs(settings.url);
  if (path === undefined) {
    const { pool, connect } = makePool(settings, undefined);
    return {
      dispatch: (options, handler) => pool.dispatch(withOneName(options), handler),
      connect,
      close: () => pool.destroy(),
    };
  }
  const file = watchCa(service, path, log, (ca) => {
    const previous = made.pool;
    made = makePool(settings, ca);
    void previous.close();
  });
  let made = makePool(settings, file.content);
  return {
    dispatch: (options, handler) => made.pool.dispatch(withOneName(options), handler),
    connect: (callback) => made.connect(callback),
    async close() {
      file.close();
      await made.pool.destroy();
    },
  };
}

function makePool(
  settings: PoolSettings,
  ca: string | undefined,
): Pick<UpstreamPool, 'connect'> & { readonly pool: Pool } {
  const { connect: timeout, headers, idle } = settings.timeouts;
  // HTTP/2 is on by default over TLS; framing is checked for HTTP/1.1 only.
  const connect = buildConnector({ timeout, allowH2: false, ...(ca === undefined ? {} : { ca }) });
  const { origin, protocol, hostname, host, port } = new URL(settings.url);
  const pool = new Pool(origin, {
    connections: settings.connections,
    pipelining: 1,
    allowH2: false,
    // Names are resolved per connection, so connections retire: a Service that moves is followed.
    clientTtl: 60_000,
    headersTimeout: headers,
    bodyTimeout: idle,
    maxHeaderSize: 64 * 1024,
    // undici would verify the certificate against the Host header, which may be the client's: without a name
    // it takes that of the origin (and none for an address, which node refuses as one).
    connect: (options, callback) => connect({ ...options, servername: '' }, callback),
  });
  const where = { protocol, hostname: hostname.replaceAll(/[[\]]/g, ''), host, port, servername: '' };
  return { pool, connect: (callback) => connect(where, callback) };
}

/** To undici another Host is another server: it would close the connection and open a new one for each. */
function nameAs(url: string): (options: Dispatcher.DispatchOptions) => Dispatcher.DispatchOptions {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:') return (options) => options;
  const name = { servername: hostname };
  return (options) => ({ ...options, ...name });
}

function watchCa(service: string, path: string, log: Log, onChange: (ca: string) => void): WatchedFile {
  try {
    return new WatchedFile(path, onChange, (cause) => {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      log.warn('upstream CA not re-read, the last good one stays', { service, file: path, code });
    });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new GatehouseError(
      'startup_failed',
      `services.${service}.upstream.caFile: ${path} cannot be read (${code})`,
      {
        cause,
      },
    );
  }
}
