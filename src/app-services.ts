import type { Authenticator } from './authenticate/index.ts';
import { createRegistryHosts, type Registry, type RegistryRooms } from './app-registries.ts';
import type { Config } from './config/index.ts';
import type { Keyring } from './contract/keyring.ts';
import type { Clock, OutboundForms } from './contract/ports.ts';
import type { Protocol } from './contract/protocol.ts';
import { createExtract } from './extract/index.ts';
import { createForwarder, StallWatch } from './forward/index.ts';
import type { EndpointLine, ServiceLine } from './pipeline/index.ts';
import { genericProtocol, httpProtocol, npmProtocol, ociProtocol } from './protocols/index.ts';

type Service = Config['services'][number];

export interface Services {
  readonly lines: readonly ServiceLine[];
  readonly endpoints: readonly EndpointLine[];
  close(): Promise<void>;
}

/** The stages of each service, in the order of a request. */
export function createServices(
  config: Config,
  rooms: Omit<RegistryRooms, 'extractLogin'> & {
    readonly authenticator: Authenticator;
    readonly outbound: OutboundForms;
    readonly keyring: Pick<Keyring, 'sign'>;
    readonly clock: Clock;
  },
): Services {
  const stalls = new StallWatch(config.server.limits.bodyIdle);
  const { publicUrl } = config.server;
  const tokens = {
    deployUsernames: new Set(config.deployTokens.map(({ username }) => username)),
    publicUrl,
  };
  const built = config.services.map((service) => {
    const protocol = protocolOf(service, publicUrl);
    const { queryCarriers } = protocol;
    const forwarder = createForwarder({ ...wayOut(service), queryCarriers, publicUrl }, { ...rooms, stalls });
    const line: ServiceLine = {
      ...service,
      protocol,
      extract: createExtract({
        carriers: service.carriers ?? protocol.carriers,
        queryParameters: queryCarriers,
        ...tokens,
        gitlabDeployTokens: asksGitlab(config, service),
      }),
      authenticate: rooms.authenticator.forService(service.name),
      authorize: rooms.authorizer.forService(service.name),
      forward: forwarder.forward,
    };
    return { service, line, forwarder };
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
    async close() {
      stalls.close();
      await Promise.all(built.map(({ forwarder }) => forwarder.close()));
    },
  };
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

function protocolOf(service: Service, publicUrl: string): Protocol {
  switch (service.type) {
    case 'http':
      return httpProtocol(service);
    case 'oci':
      return ociProtocol({ ...service, publicUrl });
    case 'npm':
      return npmProtocol(service);
    case 'generic':
      return genericProtocol(service);
    default:
      return service satisfies never;
  }
}
