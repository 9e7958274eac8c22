import { Pool } from 'undici';
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
  if (path === undefined) {
    const pool = makePool(settings, undefined);
    return { dispatch: (options, handler) => pool.dispatch(options, handler), close: () => pool.destroy() };
  }
  const file = watchCa(service, path, log, (ca) => {
    const previous = pool;
    pool = makePool(settings, ca);
    void previous.close();
  });
  let pool = makePool(settings, file.content);
  return {
    dispatch: (options, handler) => pool.dispatch(options, handler),
    async close() {
      file.close();
      await pool.destroy();
    },
  };
}

function makePool(settings: PoolSettings, ca: string | undefined): Pool {
  const { origin, protocol, hostname } = new URL(settings.url);
  return new Pool(origin, {
    connections: settings.connections,
    pipelining: 1,
    // On by default over TLS; framing is checked for HTTP/1.1 only.
    allowH2: false,
    // Names are resolved per connection, so connections retire: a Service that moves is followed.
    clientTtl: 60_000,
    headersTimeout: settings.timeouts.headers,
    bodyTimeout: settings.timeouts.idle,
    maxHeaderSize: 64 * 1024,
    connect: {
      timeout: settings.timeouts.connect,
      // Otherwise undici takes the name to verify from the Host header, which may be the client's.
      ...(protocol === 'https:' ? { servername: hostname } : {}),
      ...(ca === undefined ? {} : { ca }),
    },
  });
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
