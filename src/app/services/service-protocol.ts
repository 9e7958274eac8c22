import type { Config } from '../../config/index.ts';
import type { Protocol } from '../../core/request/protocol.ts';
import { compileResourceMetadataUrl } from '../../core/resource-metadata.ts';
import { isProtectedResource } from './protected-resource.ts';
import { loadProtocols, type HttpSettings, type Protocols } from '../../protocols/index.ts';

export type Service = Config['services'][number];

/** A service whose requests the gateway forwards. */
export type ServiceWithUpstream = Service & { readonly upstream: NonNullable<Service['upstream']> };

export function hasUpstream(service: Service): service is ServiceWithUpstream {
  return service.upstream !== undefined;
}

/** The API of an upstream registry is below `/v2/`; the repository prefix exists only in the gateway's paths. */
export function withApiRoot<S extends ServiceWithUpstream>(service: S): S {
  if (service.type !== 'oci') return service;
  const { upstream } = service;
  const aliases = upstream.aliases.map((alias) => (alias.endsWith('/v2/') ? alias : `${alias}v2/`));
  return { ...service, upstream: { ...upstream, url: `${upstream.url}v2/`, aliases } };
}

/** Completes the timeouts, whose defaults depend on the type of the service. */
export function withTimeouts(service: ServiceWithUpstream) {
  const { type, upstream } = service;
  const { connect, headers, idle } = upstream.timeouts;
  const timeouts = {
    connect,
    headers: headers ?? DEFAULT_TIMEOUT,
    // A registry may verify or copy a large blob before it responds to the commit of the upload.
    writeHeaders: headers ?? (type === 'oci' ? COMMIT_TIMEOUT : DEFAULT_TIMEOUT),
    idle: idle ?? DEFAULT_TIMEOUT,
    // Watches, event streams and logs may be quiet for hours.
    unboundedStreams: idle === undefined && type === 'http',
  };
  return { ...service, upstream: { ...upstream, timeouts } };
}

const DEFAULT_TIMEOUT = 60_000;
const COMMIT_TIMEOUT = 15 * 60_000;

/** Project paths by id, from the service's issuers. An id with two different paths is ambiguous and omitted. */
function projectsOf({ issuers }: Config, service: Service): ReadonlyMap<string, string> {
  const entries = issuers
    .filter(({ name }) => service.issuers?.includes(name) ?? true)
    .flatMap(({ projects }) => Object.entries(projects ?? {}));
  const paths = new Map(entries);
  for (const [id, path] of entries) if (paths.get(id) !== path) paths.delete(id);
  return paths;
}

/** Paths of other services of the same hosts below the path of this one: requests for them reach the other service. */
function pathsBelow({ services }: Config, { name, hosts, path }: Service): readonly string[] {
  return services
    .filter((other) => other.name !== name && other.path.startsWith(path) && shareHost(other.hosts, hosts))
    .map((other) => other.path);
}

function shareHost(hosts: Service['hosts'], others: Service['hosts']): boolean {
  if (hosts === undefined || others === undefined) return hosts === others;
  return hosts.some((host) => others.includes(host));
}

/** The metadata URL in the challenges of a service; undefined if OAuth clients cannot use the service. */
function resourceMetadataOf(
  { server: { publicUrl } }: Config,
  service: Service,
): HttpSettings['resourceMetadata'] {
  return isProtectedResource(service) ? compileResourceMetadataUrl({ ...service, publicUrl }) : undefined;
}

/** Loads the protocols of the services. Rejects if a module cannot be loaded. */
export function loadServiceProtocols({ services }: Config): Promise<Protocols> {
  return loadProtocols(services.map(({ type }) => type));
}

export function compileProtocol(config: Config, service: Service, protocols: Protocols): Protocol {
  switch (service.type) {
    case 'http':
      return loaded(protocols.http)({ ...service, resourceMetadata: resourceMetadataOf(config, service) });
    case 'oci':
      return loaded(protocols.oci)({
        ...service,
        foreignPaths: pathsBelow(config, service),
        publicUrl: config.server.publicUrl,
      });
    case 'git':
      return loaded(protocols.git)(service);
    case 'gitlab':
      return loaded(protocols.gitlab)({ ...service, projects: projectsOf(config, service) });
    default:
      return loaded(protocols[service.type])(service);
  }
}

function loaded<T>(protocol: T | undefined): T {
  if (protocol === undefined) throw new TypeError('the protocol of a service is not loaded');
  return protocol;
}
