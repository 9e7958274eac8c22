import type { Authenticator } from '../credentials/index.ts';
import { createRegistryHosts, type Registry, type RegistryRooms } from './registries.ts';
import type { Config } from '../config/index.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import type { Clock, OutboundForms } from '../core/ports.ts';
import type { Protocol } from '../core/request/protocol.ts';
import { createExtract } from '../credentials/index.ts';
import { createForwarder, type Forwarder, type StallWatch } from '../proxy/index.ts';
import { foldLoosely } from '../util/http/header-name.ts';
import { inherit, type Estate } from '../util/reuse.ts';
import type { EndpointLine, ServiceLine } from '../gateway/index.ts';
import {
  createTokenRouteGuard,
  gitlabProtocol,
  gitProtocol,
  httpProtocol,
  ociProtocol,
  packageProtocols,
} from '../protocols/index.ts';

type Service = Config['services'][number];

export interface Services {
  readonly lines: readonly ServiceLine[];
  readonly endpoints: readonly EndpointLine[];
  readonly forwarders: Forwarders;
}

/** Taken over by a reload that leaves the service as it is: its connections, the tokens it was given, its places. */
export type Forwarders = Estate<
  Parameters<typeof createForwarder>[0] & { readonly signing: Config['signing'] | undefined },
  Forwarder
>;

/** The stages of each service, in the order of a request. */
export function createServices(
  config: Config,
  rooms: Omit<RegistryRooms, 'extractLogin'> & {
    readonly authenticator: Authenticator;
    readonly outbound: OutboundForms;
    readonly keyring: Pick<Keyring, 'sign'>;
    readonly clock: Clock;
    readonly stalls: StallWatch;
  },
  last?: Forwarders,
): Services {
  const { outbound, keyring, clock, log, stalls } = rooms;
  const { publicUrl } = config.server;
  const tokens = {
    deployUsernames: new Set(config.deployTokens.map(({ username }) => username)),
    publicUrl,
  };
  const known = config.services.map((service) => ({ service, protocol: protocolOf(config, service) }));
  const forwarders: Forwarders = inherit(
    last,
    known.map(({ service, protocol: { queryCarriers } }) => [
      service.name,
      // What signs its assertions changes with the keys.
      {
        ...wayOut(service),
        queryCarriers,
        publicUrl,
        signing: service.assertion ? config.signing : undefined,
      },
    ]),
    (settings) => createForwarder(settings, { outbound, keyring, clock, log, stalls }),
    (forwarder) => void forwarder.close(),
  );
  const built = known.map(({ service, protocol }) => {
    const line: ServiceLine = {
      ...service,
      protocol,
      acceptedHeaders: acceptedHeaders(service),
      guard: createTokenRouteGuard(wayOut(service)),
      extract: createExtract({
        carriers: service.carriers ?? protocol.carriers,
        queryParameters: protocol.queryCarriers,
        ...tokens,
        gitlabDeployTokens: asksGitlab(config, service),
      }),
      authenticate: rooms.authenticator.forService(service.name),
      authorize: rooms.authorizer.forService(service.name),
      authorizeUnknown: rooms.authorizer.forUnknown(service.name),
      ...wayOutOf(forwarders, service.name),
    };
    return { service, line };
  });

  const registries = built.flatMap(({ service, line }): Registry[] =>
    service.type === 'oci' ? [{ service, line }] : [],
  );
  // Logins at a registry's token endpoint: the carriers of its own requests do not bind them.
  const extractLogin = createExtract({
    carriers: ['basic', 'bearer'],
    queryParameters: [],
    ...tokens,
    gitlabDeployTokens: registries.some(({ service }) => asksGitlab(config, service)),
  });
  const { endpoints, roots } = createRegistryHosts(registries, { ...rooms, extractLogin });

  return {
    lines: [...built.map(({ line }) => line), ...roots],
    endpoints,
    forwarders,
  };
}

function wayOutOf(forwarders: Forwarders, service: string): Pick<ServiceLine, 'forward' | 'takeBody'> {
  const entry = forwarders.get(service);
  if (entry === undefined) throw new TypeError(`there is no forwarder of ${service}`);
  const { forward, takeBody } = entry.made;
  return { forward, takeBody };
}

/** Headers that the service forwards, or that the gateway sets in place of the client's. */
function acceptedHeaders({ passHeaders, identityHeaders, upstream: { auth } }: Service): ReadonlySet<string> {
  const credentials = [auth, ...Object.values(auth?.perIdentity ?? {})].flatMap(
    (each) => each?.header?.name ?? [],
  );
  return new Set([...passHeaders, ...Object.keys(identityHeaders), ...credentials].map(foldLoosely));
}

/** Whether a secret with a user name may be a deploy token of GitLab's own. */
function asksGitlab({ issuers }: Config, service: Service): boolean {
  return issuers.some(
    ({ name, deployTokens }) => deployTokens !== undefined && (service.issuers?.includes(name) ?? true),
  );
}

/** A registry's whole API is below `/v2/`, with the prefix of its repositories here and without it there. */
function wayOut(service: Service): Service {
  if (service.type !== 'oci') return service;
  return { ...service, upstream: { ...service.upstream, url: `${service.upstream.url}v2/` } };
}

/** The paths that the service's issuers know of projects by number; a number with two paths has none. */
function projectsOf({ issuers }: Config, service: Service): ReadonlyMap<string, string> {
  const entries = issuers
    .filter(({ name }) => service.issuers?.includes(name) ?? true)
    .flatMap(({ projects }) => Object.entries(projects ?? {}));
  const paths = new Map(entries);
  for (const [number, path] of entries) if (paths.get(number) !== path) paths.delete(number);
  return paths;
}

function protocolOf(config: Config, service: Service): Protocol {
  switch (service.type) {
    case 'http':
      return httpProtocol(service);
    case 'oci':
      return ociProtocol({ ...service, publicUrl: config.server.publicUrl });
    case 'git':
      return gitProtocol(service);
    case 'gitlab':
      return gitlabProtocol({ ...service, projects: projectsOf(config, service) });
    default:
      return packageProtocols[service.type](service);
  }
}
