export interface UrlMappingSettings {
  /** Public prefix of the service. */
  readonly path: string;
  readonly upstream: {
    readonly url: string;
    /** Other base URLs that the upstream writes into its responses. */
    readonly aliases: readonly string[];
  };
}

/** Maps URLs that the upstream writes: the same for response headers, bodies and followed redirects. */
export interface UrlMapping {
  /** The texts of the base URLs in responses to a client that uses this host; each ends in `/`. */
  basesFor(host: string): readonly string[];
  /** The path of the gateway for an absolute URL; undefined for another server. */
  publicPath(url: URL, host: string): string | undefined;
  /** The URL at the upstream for a URL under another of its names; URLs of other servers are returned unchanged. */
  atUpstream(url: URL, host: string): URL;
}

/** Part of a URL: all URLs with this origin whose path starts with `pathname`. */
interface Base {
  readonly origin: string;
  readonly pathname: string;
}

export function createUrlMapping({ path, upstream }: UrlMappingSettings): UrlMapping {
  const target = new URL(upstream.url);
  const aliases = upstream.aliases
    .map((alias) => new URL(alias))
    .toSorted((a, b) => b.pathname.length - a.pathname.length);
  const own = [...aliases, ...withEitherScheme(target.host, target.pathname)];
  // The order of an upstream that builds URLs from Host or X-Forwarded-Host: it does not know the public prefix, unless
  // it is configured with it. An upstream at `/` that is needs the public URL as an alias.
  const paths = [...new Set([target.pathname, path])];

  /** In order of precedence. In a body, the longest of the texts wins. */
  function basesOf(host: string): readonly Base[] {
    return [...own, ...paths.flatMap((pathname) => withEitherScheme(host, pathname))];
  }

  /** The part of the URL below its base. */
  function restOf(url: URL, host: string): string | undefined {
    const base = basesOf(host).find(
      ({ origin, pathname }) => url.origin === origin && url.pathname.startsWith(pathname),
    );
    return base && url.pathname.slice(base.pathname.length) + url.search + url.hash;
  }

  return {
    basesFor(host) {
      const written = ['http:', 'https:'].flatMap((scheme) => [
        `${scheme}//${target.host}${target.pathname}`,
        ...paths.map((pathname) => `${scheme}//${host}${pathname}`),
      ]);
      const parsed = basesOf(host).map(({ origin, pathname }) => origin + pathname);
      return [...new Set([upstream.url, ...upstream.aliases, ...written, ...parsed])];
    },
    publicPath(url, host) {
      const rest = restOf(url, host);
      return rest === undefined ? undefined : path + rest;
    },
    atUpstream(url, host) {
      const rest = restOf(url, host);
      return rest === undefined ? url : new URL(target.origin + target.pathname + rest);
    },
  };
}

/** An upstream may not know which scheme its clients use. A default port is part of no origin. */
function withEitherScheme(host: string, pathname: string): readonly Base[] {
  return ['http:', 'https:'].flatMap((scheme) => {
    const url = URL.parse(`${scheme}//${host}`);
    return url === null ? [] : [{ origin: url.origin, pathname }];
  });
}
