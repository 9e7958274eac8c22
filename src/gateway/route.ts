import { withoutPort } from '../core/request/without-port.ts';

/** The hosts and the path of a service. */
export interface ServiceRoute {
  /** Lowercase, with a port to match only that port; undefined matches every host that no service names. */
  readonly hosts?: readonly string[] | undefined;
  /** Starts and ends with `/`. */
  readonly path: string;
  /** Matches this path only, not the paths below it. */
  readonly exact?: boolean | undefined;
}

/** The hosts and the path of a built-in endpoint. */
export interface EndpointRoute {
  readonly hosts?: readonly string[] | undefined;
  /** The whole path; a path that ends in `/` also matches every path below it. */
  readonly endpointPath: string;
  /** Without a port. Where services name this host, the endpoint has the paths that no service has. */
  readonly sharedHost?: string | undefined;
}

/**
 * Compiles the routing table. A named host matches only the routes that name it; other hosts match the routes without
 * hosts. Exact paths come first, then built-in endpoints, then the service with the longest prefix, then the built-in
 * endpoints of a shared host.
 */
export function createRoute<S extends ServiceRoute, E extends EndpointRoute = never>(
  services: readonly S[],
  endpoints: readonly E[] = [],
): (host: string, path: string) => S | E | undefined {
  const sitesByHost = new Map<string, Site<S, E>>();
  const everywhere = emptySite<S, E>();

  function sitesOf(hosts: readonly string[] | undefined): Site<S, E>[] {
    if (hosts === undefined) return [everywhere];
    return hosts.map((name) => {
      const host = name.toLowerCase();
      const site = sitesByHost.get(host) ?? emptySite<S, E>();
      sitesByHost.set(host, site);
      return site;
    });
  }
  for (const endpoint of endpoints) {
    for (const { exact, below } of sitesOf(endpoint.hosts)) {
      if (endpoint.endpointPath.endsWith('/')) below.push(endpoint);
      else exact.set(endpoint.endpointPath, endpoint);
    }
  }
  for (const service of services) {
    for (const { exact, prefixes } of sitesOf(service.hosts)) {
      if (service.exact === true) exact.set(service.path, service);
      else prefixes.push(service);
    }
  }
  for (const { prefixes } of [everywhere, ...sitesByHost.values()]) {
    prefixes.sort((a, b) => b.path.length - a.path.length);
  }
  for (const [host, { unclaimed }] of sitesByHost) {
    for (const endpoint of endpoints) {
      if (endpoint.sharedHost === withoutPort(host)) unclaimed.set(endpoint.endpointPath, endpoint);
    }
  }

  return function route(host, path) {
    const site = sitesByHost.get(host) ?? sitesByHost.get(withoutPort(host)) ?? everywhere;
    return (
      site.exact.get(path) ??
      site.below.find(({ endpointPath }) => path.startsWith(endpointPath)) ??
      site.prefixes.find((service) => path.startsWith(service.path)) ??
      site.unclaimed.get(path)
    );
  };
}

/** The service whose path is this path without its final slash, as in `twine upload --repository-url https://HOST/pypi`. */
export function findWithSlash<S extends ServiceRoute, E extends EndpointRoute = never>(
  route: (host: string, path: string) => S | E | undefined,
  host: string,
  path: string,
): S | undefined {
  const found = route(host, `${path}/`);
  return found !== undefined && !('endpointPath' in found) && found.path === `${path}/` ? found : undefined;
}

interface Site<S, E> {
  readonly exact: Map<string, S | E>;
  readonly below: E[];
  readonly prefixes: S[];
  readonly unclaimed: Map<string, E>;
}

function emptySite<S, E>(): Site<S, E> {
  return { exact: new Map(), below: [], prefixes: [], unclaimed: new Map() };
}
