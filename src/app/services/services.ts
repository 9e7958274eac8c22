import type { Authenticator } from '../../credentials/index.ts';
import { createRegistryHosts, type Registry, type RegistryHostPorts } from './registries.ts';
import type { Config } from '../../config/index.ts';
import { credentialHeadersOf, vaultFieldsOf } from '../../config/serving.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import type { QueueMeter } from '../../core/operation/meter.ts';
import type { BindPackage } from '../../core/credentials/package-binding.ts';
import type { PrepareTickets } from '../../core/credentials/ticket.ts';
import type { Clock, EgressBodyClient } from '../../core/ports.ts';
import type { OpenVault, VaultValues } from '../../core/vault.ts';
import type { Protocol } from '../../core/request/protocol.ts';
import { createExtract } from '../../credentials/index.ts';
import { createServiceTokens } from '../../token-service/index.ts';
import { createForwarder, type Forwarder, type StallWatch } from '../../proxy/index.ts';
import { foldLoosely } from '../../util/http/header-name.ts';
import { reuse, type ReusableResources } from '../../util/resources/reuse.ts';
import type { EndpointPipeline, ServicePipeline } from '../../gateway/index.ts';
import { createTokenRouteGuard, type Protocols } from '../../protocols/index.ts';
import { compileProtocol, hasUpstream, withApiRoot, withTimeouts, type Service } from './service-protocol.ts';
import { createWellKnownRoutes } from './well-known-routes.ts';

export interface Services {
  readonly pipelines: readonly ServicePipeline[];
  readonly endpoints: readonly EndpointPipeline[];
  readonly forwarders: Forwarders;
}

/** Forwarders with unchanged settings are reused on reload, with their connections, upstream tokens and queues. */
export type Forwarders = ReusableResources<
  Parameters<typeof createForwarder>[0] & {
    readonly signing: Config['signing'] | undefined;
    readonly configurationVault: Config['vault'] | undefined;
  },
  Forwarder
>;

export interface ServicePorts extends Omit<RegistryHostPorts, 'extractLogin'> {
  readonly authenticator: Authenticator;
  readonly egress: EgressBodyClient;
  readonly openVault: OpenVault;
  /** Defined if the configuration has a vault. */
  readonly vaultValues: VaultValues | undefined;
  readonly keyring: Pick<Keyring, 'sign'>;
  readonly clock: Clock;
  readonly stalls: StallWatch;
  readonly queueMeter: QueueMeter;
  readonly protocols: Protocols;
  readonly bindPackage: BindPackage;
  readonly prepareTickets: PrepareTickets;
}

interface ServiceProtocol {
  readonly service: Service;
  readonly protocol: Protocol;
}

/** Creates the pipeline of each service, and the token endpoints of the registries. */
export function createServices(config: Config, ports: ServicePorts, previous?: Forwarders): Services {
  const services = config.services.map((service) => {
    return { service, protocol: compileProtocol(config, service, ports.protocols) };
  });
  const tokens = tokenSettings(config);
  const forwarders = reuseForwarders(config, services, ports, previous);
  const built = services.map(({ service, protocol }) => {
    const pipeline = createServicePipeline(config, { service, protocol, tokens }, ports, forwarders);
    return { service, pipeline };
  });
  const registries = built.flatMap(({ service, pipeline }): Registry[] =>
    service.type === 'oci' ? [{ service, pipeline }] : [],
  );
  // A login is accepted from any of these sources, independent of the credential sources of the registry's requests.
  const extractLogin = createExtract({
    ...tokens,
    credentialSources: ['basic', 'bearer'],
    queryParameters: [],
    gitlabDeployTokens: registries.some(({ service }) => acceptsGitlabDeployTokens(config, service)),
  });
  const { endpoints, roots } = createRegistryHosts(registries, { ...ports, extractLogin });

  const pipelines = built.map(({ pipeline }) => pipeline);

  return {
    // Inspection finds a service by its name: the last pipeline of the name.
    pipelines: [...createWellKnownRoutes(pipelines), ...pipelines, ...roots],
    endpoints,
    forwarders,
  };
}

function reuseForwarders(
  { server, signing, vault }: Config,
  services: readonly ServiceProtocol[],
  { egress, openVault, vaultValues, keyring, clock, log, stalls, queueMeter }: ServicePorts,
  previous: Forwarders | undefined,
): Forwarders {
  return reuse(
    previous,
    services.flatMap(({ service, protocol: { credentialQueryParameters } }) => {
      if (!hasUpstream(service)) return [];
      const settings = {
        ...withTimeouts(withApiRoot(service)),
        // Limits of identities do not concern the forwarder: a change of them keeps its connections.
        limits: { bodyBytes: service.limits.bodyBytes },
        credentialQueryParameters,
        publicUrl: server.publicUrl,
        // A forwarder that signs assertions depends on the signing keys.
        signing: signsAssertions(service) ? signing : undefined,
        configurationVault: vaultFieldsOf(service).length > 0 ? vault : undefined,
      };
      return [[service.name, settings] as const];
    }),
    (settings) =>
      createForwarder(settings, {
        egress,
        openVault,
        vaultValues,
        keyring,
        clock,
        log,
        stalls,
        queueMeter,
      }),
    (forwarder) => void forwarder.close(),
  );
}

function signsAssertions({ assertion, upstream }: Service): boolean {
  const { auth } = upstream ?? {};
  const kinds = [auth, ...Object.values(auth?.perIdentity ?? {})];
  return assertion || kinds.some((kind) => kind?.tokenExchange?.subject === 'caller');
}

function createServicePipeline(
  config: Config,
  { service, protocol, tokens }: ServiceProtocol & { readonly tokens: TokenSettings },
  { authenticator, authorizer, mint, bindPackage, prepareTickets }: ServicePorts,
  forwarders: Forwarders,
): ServicePipeline {
  return {
    ...service,
    protocol,
    acceptedHeaders: acceptedHeaders(service),
    guard: createTokenRouteGuard(hasUpstream(service) ? withApiRoot(service) : service),
    extract: createExtract({
      ...tokens,
      credentialSources: service.credentialSources ?? protocol.credentialSources,
      queryParameters: protocol.credentialQueryParameters,
      tickets: protocol.tickets,
      gitlabDeployTokens: acceptsGitlabDeployTokens(config, service),
    }),
    authenticate: authenticator.forService(service.name),
    refuseEnded: authenticator.refuseEnded,
    authorize: authorizer.forService(service.name),
    authorizeUnknown: authorizer.forUnknown(service.name),
    bindPackage: limitsToPackage(service) ? bindPackage : undefined,
    prepareTickets: protocol.tickets === true ? prepareTickets : undefined,
    issueToken: protocol.issuesTokens === true ? createServiceTokens(mint) : undefined,
    ...forwardingOf(forwarders, service.name),
  };
}

type TokenSettings = Pick<Parameters<typeof createExtract>[0], 'deployUsernames' | 'publicUrl'>;

/** Made once for all services. */
function tokenSettings({ deployTokens, server }: Config): TokenSettings {
  return {
    deployUsernames: new Set(deployTokens.map(({ username }) => username)),
    publicUrl: server.publicUrl,
  };
}

function forwardingOf(
  forwarders: Forwarders,
  service: string,
): Pick<ServicePipeline, 'forward' | 'bufferBody'> {
  const { forward, bufferBody } = forwarders.get(service)?.made ?? {};
  return { forward, bufferBody };
}

/** Headers that the service forwards, and headers whose client value the gateway replaces. */
function acceptedHeaders(service: Service): ReadonlySet<string> {
  const { passHeaders, identityHeaders } = service;
  const names = [...passHeaders, ...Object.keys(identityHeaders), ...credentialHeadersOf(service)];
  return new Set(names.map(foldLoosely));
}

/** Whether the first push decides the package of a publishing token. */
function limitsToPackage(service: Service): boolean {
  const publishing = 'trustedPublishing' in service ? service.trustedPublishing : undefined;
  return publishing !== undefined && 'packages' in publishing && publishing.packages === 'first';
}

/** Whether a secret with a user name can be a GitLab deploy token. */
function acceptsGitlabDeployTokens({ issuers }: Config, service: Service): boolean {
  return issuers.some(
    ({ name, deployTokens }) => deployTokens !== undefined && (service.issuers?.includes(name) ?? true),
  );
}
