import type { Dispatcher } from 'undici';
import type { Log } from '../../core/ports.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { originOf } from '../rewrite/location.ts';
import { createUpstreamPool, type PoolSettings, type UpstreamPool } from '../transport/upstream-pool.ts';

/** One step of a redirect that the gateway follows in the client's place. */
export interface Hop {
  readonly url: URL;
  readonly options: Dispatcher.DispatchOptions;
  readonly pool: UpstreamPool;
}

export interface Redirects {
  /** Where a `Location` leads, seen from `base`; or why it is not followed. */
  hop(location: string, base: URL, method: string, rawHeaders: readonly string[]): Hop | string;
  close(): Promise<void>;
}

/**
 * Follows to the upstream's own origin and to those that the configuration names, and without any credential: a signed
 * URL is one, and object storage refuses two.
 */
export function createRedirects(
  service: string,
  settings: PoolSettings & { readonly redirectOrigins: readonly string[] },
  log: Log,
): Redirects {
  const allowed = new Set([settings.url, ...settings.redirectOrigins].map((url) => new URL(url).origin));
  const pools = new Map<string, UpstreamPool>();

  function poolFor(origin: string): UpstreamPool {
    const pool = pools.get(origin) ?? createUpstreamPool(service, settingsFor(origin), log);
    pools.set(origin, pool);
    return pool;
  }

  /** What identifies the upstream and us to it is for the upstream alone. */
  function settingsFor(origin: string): PoolSettings {
    const isUpstream = new URL(settings.url).origin === origin;
    return isUpstream
      ? { ...settings, url: origin }
      : { ...settings, url: origin, serverName: undefined, clientCertificate: undefined };
  }

  return {
    hop(location, base, method, rawHeaders) {
      const url = URL.parse(location, base.href);
      if (url === null || !allowed.has(url.origin)) return `a redirect to ${originOf(location)}`;
      const headers = ['Host', url.host, ...passedOn(rawHeaders)];
      const path = url.pathname + url.search;
      const options: Dispatcher.DispatchOptions = {
        method,
        path,
        headers,
        body: null,
        reset: false,
      };
      return { url, options, pool: poolFor(url.origin) };
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

/** What says which part or form of a thing is wanted. */
const PASSED_ON: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'user-agent',
]);

function passedOn(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (PASSED_ON.has(foldHeaderName(name))) headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return headers;
}
