import { type CleanQuery, stripCredentials } from '../headers/credential-parameters.ts';
import type { UrlMapping } from './url-mapping.ts';

/**
 * Rewrites an upstream's `Location` for the client; undefined when its origin is not allowed. Clients send custom
 * credential headers to any redirect target (CVE-2026-40895).
 */
export type LocationRewriter = (location: string, host: string) => string | undefined;

export interface LocationSettings {
  readonly mapping: UrlMapping;
  readonly upstreamUrl: string;
  readonly redirectOrigins: readonly string[];
  readonly cleanQuery: CleanQuery;
}

export function createLocationRewriter({
  mapping,
  upstreamUrl,
  redirectOrigins,
  cleanQuery,
}: LocationSettings): LocationRewriter {
  const allowed = new Set(redirectOrigins.map((origin) => new URL(origin).origin));

  return function rewrite(location, host) {
    if (/[\x00-\x20\x7f\\]/.test(location)) return undefined;
    const absolute = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(location);
    // A relative reference resolves against the public path of the request.
    if (!absolute && !location.startsWith('/')) return stripCredentials(location, cleanQuery);
    const url = URL.parse(escapeBytes(location), upstreamUrl);
    if (url === null) return undefined;
    const mapped = mapping.publicPath(url, host);
    if (mapped !== undefined) {
      const publicPath = stripCredentials(mapped, cleanQuery);
      // A client reads `//name/…` as another host.
      return publicPath.startsWith('//') ? undefined : publicPath;
    }
    if (!allowed.has(url.origin)) return undefined;
    return url.origin + stripCredentials(url.pathname + url.search + url.hash, cleanQuery);
  };
}

/** URLs contain ASCII only; each other byte is percent-encoded as it is, whatever its character encoding. */
function escapeBytes(latin1: string): string {
  return latin1.replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The part of a refused redirect that is logged: the rest of a signed URL is a credential. */
export function originOf(location: string): string {
  const url = URL.parse(location, 'http://relative.invalid');
  return url === null ? 'an invalid URL' : `${url.protocol}//${url.host}`.slice(0, 200);
}
