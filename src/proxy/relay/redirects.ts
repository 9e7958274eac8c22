import type { Log } from '../../core/ports.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import type { Certificate } from '../../util/tls/certificates.ts';
import { originOf } from '../rewrite/location.ts';
import { invalidResponse, type InvalidResponse } from '../transport/invalid-response.ts';
import { createUpstreamPool, type PoolSettings, type UpstreamPool } from '../transport/upstream-pool.ts';
import type { UpstreamRequest } from '../transport/upstream-request.ts';

/** One redirect that the gateway follows. */
export interface Hop {
  readonly kind: 'hop';
  readonly url: URL;
  readonly options: UpstreamRequest;
  readonly pool: UpstreamPool;
}

export interface Redirects {
  /** Resolves a `Location` against `base`; `invalid` when its origin is not allowed. */
  hop(location: string, base: URL, method: string, rawHeaders: readonly string[]): Hop | InvalidResponse;
  /** The certificates that the followed origins have presented. */
  presented(): readonly Certificate[];
  close(): void;
}

/**
 * Follows redirects to the upstream's origin and to `redirectOrigins`, without any credential: a signed URL is a
 * credential, and object storage refuses a second one.
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

  /** The server name and the client certificate apply to the upstream's origin only. */
  function settingsFor(origin: string): PoolSettings {
    const isUpstream = new URL(settings.url).origin === origin;
    return isUpstream
      ? { ...settings, url: origin }
      : { ...settings, url: origin, serverName: undefined, clientCertificate: undefined };
  }

  return {
    hop(location, base, method, rawHeaders) {
      const url = URL.parse(location, base.href);
      if (url === null || !allowed.has(url.origin))
        return invalidResponse(`a redirect to ${originOf(location)}`);
      const headers = ['Host', url.host, ...forwardedHeaders(rawHeaders)];
      const path = url.pathname + url.search;
      const options: UpstreamRequest = { method, path, headers, repeatable: true };
      return { kind: 'hop', url, options, pool: poolFor(url.origin) };
    },
    presented: () => [...pools.values()].flatMap((pool) => pool.certificates().presented ?? []),
    close() {
      for (const pool of pools.values()) pool.close();
    },
  };
}

/** Range, conditional and content negotiation headers (RFC 9110 §12.5, §13, §14). */
const FORWARDED_HEADERS: ReadonlySet<string> = new Set([
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

function forwardedHeaders(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (FORWARDED_HEADERS.has(foldHeaderName(name))) headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return headers;
}
