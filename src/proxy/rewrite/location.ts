import { type CleanQuery, stripCredentials } from '../headers/credential-parameters.ts';

/**
 * Rewrites an upstream's `Location` for the client; undefined when its origin is not allowed. Clients send custom
 * credential headers to any redirect target (CVE-2026-40895).
 */
export type LocationRewriter = (location: string, host: string) => string | undefined;

export interface LocationSettings {
  /** Public prefix of the service. */
  readonly path: string;
  readonly upstreamUrl: string;
  readonly redirectOrigins: readonly string[];
  readonly cleanQuery: CleanQuery;
}

export function createLocationRewriter(settings: LocationSettings): LocationRewriter {
  const upstream = new URL(settings.upstreamUrl);
  const allowed = new Set(settings.redirectOrigins.map((origin) => new URL(origin).origin));

  return function rewrite(location, host) {
    if (/[\x00-\x20\x7f\\]/.test(location)) return undefined;
    const absolute = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(location);
    // A relative reference resolves against the public path of the request.
    if (!absolute && !location.startsWith('/')) return stripCredentials(location, settings.cleanQuery);
    if (!URL.canParse(location, upstream)) return undefined;
    const url = new URL(location, upstream);
    const rest = stripCredentials(url.pathname + url.search + url.hash, settings.cleanQuery);
    if (url.origin === upstream.origin || url.host === host) {
      const path = publicPath(rest, url.host === host);
      // A client reads `//name/…` as another host.
      return path?.startsWith('//') === true ? undefined : path;
    }
    return allowed.has(url.origin) ? url.origin + rest : undefined;
  };

  function publicPath(path: string, onOwnHost: boolean): string | undefined {
    if (path.startsWith(upstream.pathname)) return settings.path + path.slice(upstream.pathname.length);
    return onOwnHost && path.startsWith(settings.path) ? path : undefined;
  }
}

/** The part of a refused redirect that is logged: the rest of a signed URL is a credential. */
export function originOf(location: string): string {
  const url = URL.parse(location, 'http://relative.invalid');
  return url === null ? 'an invalid URL' : `${url.protocol}//${url.host}`.slice(0, 200);
}
