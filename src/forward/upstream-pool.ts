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
    const pool = makePool(settings, undefined);
    return {
      dispatch: (options, handler) => pool.dispatch(withOneName(options), handler),
      close: () => pool.destroy(),
    };
  }
  const file = watchCa(service, path, log, (ca) => {
    const previous = pool;
    pool = makePool(settings, ca);
    void previous.close();
  });
  let pool = makePool(settings, file.content);
  return {
    dispatch: (options, handler) => pool.dispatch(withOneName(options), handler),
    async close() {
      file.close();
      await pool.destroy();
    },
  };
}

function makePool(settings: PoolSettings, ca: string | undefined): Pool {
  const { connect: timeout, headers, idle } = settings.timeouts;
  // HTTP/2 is on by default over TLS; framing is checked for HTTP/1.1 only.
  const connect = buildConnector({ timeout, allowH2: false, ...(ca === undefined ? {} : { ca }) });
  return new Pool(new URL(settings.url).origin, {
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
