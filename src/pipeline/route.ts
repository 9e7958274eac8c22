/** What a service says of where clients find it. */
export interface Routed {
  /** Lowercase, with a port where only that port is meant; undefined for every host that no service names. */
  readonly hosts?: readonly string[] | undefined;
  /** Starts and ends with `/`. */
  readonly path: string;
}

/**
 * Finds the service of a request: a host that some service names sees only
 * those services, every other host sees those without; among them the longest prefix wins.
 */
export function createRoute<S extends Routed>(
  services: readonly S[],
): (host: string, path: string) => S | undefined {
  const byHost = new Map<string, S[]>();
  const everywhere: S[] = [];
  for (const service of services) {
    if (service.hosts === undefined) everywhere.push(service);
    for (const host of service.hosts ?? []) {
      const known = byHost.get(host.toLowerCase());
      if (known === undefined) byHost.set(host.toLowerCase(), [service]);
      else known.push(service);
    }
  }
  for (const list of [everywhere, ...byHost.values()]) list.sort((a, b) => b.path.length - a.path.length);

  return function route(host, path) {
    const candidates = byHost.get(host) ?? byHost.get(host.replace(/:\d+$/, '')) ?? everywhere;
    return candidates.find((service) => path.startsWith(service.path));
  };
}
