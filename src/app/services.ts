import type { Authenticator } from '../credentials/index.ts';
import { createRegistryHosts, type Registry, type RegistryHostPorts } from './registries.ts';
import type { Config } from '../config/index.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import type { Clock, EgressFormClient } from '../core/ports.ts';
import type { Protocol } from '../core/request/protocol.ts';
import { createExtract } from '../credentials/index.ts';
import { createForwarder, type Forwarder, type StallWatch } from '../proxy/index.ts';
import { foldLoosely } from '../util/http/header-name.ts';
import { reuse, type ReusableResources } from '../util/reuse.ts';
import type { EndpointPipeline, ServicePipeline } from '../gateway/index.ts';
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
  readonly pipelines: readonly ServicePipeline[];
  readonly endpoints: readonly EndpointPipeline[];
  readonly forwarders: Forwarders;
}

/** Taken over by a reload that leaves the service as it is: its connections, the tokens it was given, its places. */
export type Forwarders = ReusableResources<
  Parameters<typeof createForwarder>[0] & { readonly signing: Config['signing'] | undefined },
  Forwarder
>;

/** The stages of each service, in the order of a request. */
export function createServices(
  config: Config,
  ports: Omit<RegistryHostPorts, 'extractLogin'> & {
    readonly authenticator: Authenticator;
    readonly egress: EgressFormClient;
    readonly keyring: Pick<Keyring, 'sign'>;
    readonly clock: Clock;
    readonly stalls: StallWatch;
  },
  last?: Forwarders,
): Services {
  const { egress, keyring, clock, log, stalls } = ports;
  const { publicUrl } = config.server;
  const tokens = {
    deployUsernames: new Set(config.deployTokens.map(({ username }) => username)),
    publicUrl,
  };
  const known = config.services.map((service) => ({ service, protocol: protocolOf(config, service) }));
  const forwarders: Forwarders = reuse(
    last,
    known.map(({ service, protocol: { credentialQueryParameters } }) => [
      service.name,
      // What signs its assertions changes with the keys.
      {
        ...withApiRoot(service),
        credentialQueryParameters,
        publicUrl,
        signing: service.assertion ? config.signing : undefined,
      },
    ]),
    (settings) => createForwarder(settings, { egress, keyring, clock, log, stalls }),
    (forwarder) => void forwarder.close(),
  );
  const built = known.map(({ service, protocol }) => {
    const pipeline: ServicePipeline = {
      ...service,
      protocol,
      acceptedHeaders: acceptedHeaders(service),
      guard: createTokenRouteGuard(withApiRoot(service)),
      extract: createExtract({
        credentialSources: service.credentialSources ?? protocol.credentialSources,
        queryParameters: protocol.credentialQueryParameters,
        ...tokens,
        gitlabDeployTokens: asksGitlab(config, service),
      }),
      authenticate: ports.authenticator.forService(service.name),
      authorize: ports.authorizer.forService(service.name),
      authorizeUnknown: ports.authorizer.forUnknown(service.name),
      ...forwardingOf(forwarders, service.name),
    };
    return { service, pipeline };
  });

  const registries = built.flatMap(({ service, pipeline }): Registry[] =>
    service.type === 'oci' ? [{ service, pipeline }] : [],
  );
  // Logins at a registry's token endpoint: the credential sources of its own requests do not bind them.
  const extractLogin = createExtract({
    credentialSources: ['basic', 'bearer'],
    queryParameters: [],
    ...tokens,
    gitlabDeployTokens: registries.some(({ service }) => asksGitlab(config, service)),
  });
  const { endpoints, roots } = createRegistryHosts(registries, { ...ports, extractLogin });

  return {
    pipelines: [...built.map(({ pipeline }) => pipeline), ...roots],
    endpoints,
    forwarders,
  };
}

function forwardingOf(
  forwarders: Forwarders,
  service: string,
): Pick<ServicePipeline, 'forward' | 'bufferBody'> {
  const entry = forwarders.get(service);
  if (entry === undefined) throw new TypeError(`there is no forwarder of ${service}`);
  const { forward, bufferBody } = entry.made;
  return { forward, bufferBody };
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
function withApiRoot(service: Service): Service {
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
