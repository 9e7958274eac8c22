import { createAuthenticator, recognizeMistake, type Authenticator } from '../../credentials/index.ts';
import { createAuthorizer, type Authorizer } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { AccessEntry, AccessQuery } from '../../core/records/access-entry.ts';
import { compileCredentialHint } from '../../core/credential-hint.ts';
import type { FailureLimits } from '../../core/failure-limits.ts';
import type { Keyring, KeyringStatus } from '../../core/credentials/keyring.ts';
import { openAdminToken, type AdminToken } from '../endpoints/admin-token.ts';
import { createBuiltInEndpoints } from '../endpoints/built-in-endpoints.ts';
import type { EndpointPorts } from '../endpoints/endpoint-ports.ts';
import { createInspections, type Inspections } from '../inspect/inspections.ts';
import { mintSettings } from '../endpoints/minting.ts';
import { createTokenSourceOf } from '../endpoints/token-source.ts';
import type { ApplicationScope } from '../application-scope.ts';
import { createResourceMetadataEndpoints } from '../endpoints/protected-resources.ts';
import { createPublishingEndpoints } from '../endpoints/trusted-publishing.ts';
import { createServices } from '../services/services.ts';
import {
  only,
  releaseResources,
  reuseStateResources,
  reuseVaultValues,
  adminTokenSettings,
  vaultValuesOf,
  type SnapshotResources,
} from './snapshot-resources.ts';
import type { Forwarder } from '../../proxy/index.ts';
import { createMint, createPackageBinding, createTickets } from '../../token-service/index.ts';
import { reuse, missingFrom } from '../../util/resources/reuse.ts';
import {
  createRateLimitedVerify,
  createPipeline,
  type Pipeline,
  type Reauthorize,
} from '../../gateway/index.ts';
import { jsonRefusal, type Protocols } from '../../protocols/index.ts';

/** Everything that depends on one configuration. One snapshot serves a request from start to end. */
export interface ConfigurationSnapshot extends Inspections {
  readonly config: Config;
  readonly pipeline: Pipeline;
  /** Decides on requests that proxies forward. Undefined without `server.authorizer`; `prepare` creates it. */
  readonly subrequests: Pipeline | undefined;
  /** Resolves as soon as none of its requests is in flight. */
  idle(): Promise<unknown>;
  readonly authenticator: Authenticator;
  readonly adminToken: AdminToken;
  signingKey(): KeyringStatus;
  /** Lists access for reviews. */
  access(query: AccessQuery): readonly AccessEntry[];
  /** The claims that the policy evaluates. */
  readonly claimsUsed: ReadonlySet<string>;
  /** The steps that can fail before the snapshot becomes active. */
  prepare(): Promise<void>;
  /** Releases the resources that `successor` does not reuse; forwarders once their `inUse` promise settles. */
  retire(
    successor: ConfigurationSnapshot | undefined,
    inUse: (forwarder: Forwarder) => Promise<unknown>,
  ): Promise<void>;
  readonly resources: SnapshotResources;
}

export interface SnapshotDependencies {
  /** The protocols of the configuration. */
  readonly protocols: Protocols;
  /** Delegates to the active snapshot. */
  readonly reauthorize: Reauthorize;
}

/**
 * Throws if a resource cannot be opened; `previous` is unchanged then. `authorizer`: the compiled policy of the
 * configuration.
 */
export function createSnapshot(
  config: Config,
  application: ApplicationScope,
  dependencies: SnapshotDependencies,
  previous?: ConfigurationSnapshot,
  authorizer: Authorizer = createAuthorizer(config, nearestPorts(application)),
): ConfigurationSnapshot {
  const vaults = reuseVaultValues(config, application, previous?.resources);
  const adminTokens = reuse(
    previous?.resources.adminTokens,
    [['token', adminTokenSettings(config)]],
    ({ admin }) => openAdminToken(admin, application.log, vaultValuesOf(vaults)),
  );
  try {
    return assemble(config, application, dependencies, { vaults, adminTokens, authorizer }, previous);
  } catch (error) {
    for (const token of missingFrom(adminTokens, previous?.resources.adminTokens)) token.close();
    for (const values of missingFrom(vaults, previous?.resources.vaults)) values.close();
    throw error;
  }
}

/** The ports of the search for the identity that is closest to a credential. */
export function nearestPorts({ clock, telemetry }: ApplicationScope): {
  readonly now: () => number;
  readonly skipped: () => void;
} {
  return { now: () => clock.now(), skipped: () => telemetry.policy.nearestSkipped() };
}

function assemble(
  config: Config,
  application: ApplicationScope,
  { protocols, reauthorize }: SnapshotDependencies,
  {
    vaults,
    adminTokens,
    authorizer,
  }: Pick<SnapshotResources, 'vaults' | 'adminTokens'> & { readonly authorizer: Authorizer },
  previous: ConfigurationSnapshot | undefined,
): ConfigurationSnapshot {
  const { keyrings, failures } = reuseStateResources(config, application, previous?.resources);
  // Computed now: a snapshot that kept a reference to its predecessor would keep all of them in memory.
  const newKeyrings = missingFrom(keyrings, previous?.resources.keyrings);
  const reused = { keyring: only(keyrings), failures: only(failures), authorizer };
  const ports = createPolicyPorts(config, application, reused, previous);
  const { authenticator } = ports;
  const vaultValues = vaultValuesOf(vaults);
  const endpoints = [
    ...createBuiltInEndpoints(config, ports),
    ...createPublishingEndpoints(config, ports),
    ...createResourceMetadataEndpoints(config, application.log),
  ];
  // The last step that can fail, so that no other error leaves its connections open.
  const services = createServices(
    config,
    {
      ...ports,
      egress: application.egress,
      protocols,
      bindPackage: createPackageBinding(ports),
      prepareTickets: createTickets(mintSettings(config, authorizer), ports),
      openVault: application.openVault,
      vaultValues,
      stalls: application.stalls,
      queueMeter: application.telemetry.queues,
    },
    previous?.resources.forwarders,
  );
  const stages = {
    fallback: { refusal: jsonRefusal },
    revocations: application.revocations,
    originOf: createTokenSourceOf(config, application.clock),
    reauthorize,
    failures: only(failures),
    admit: application.identityLimits.compile(config),
    recognizeMistake,
    credentialHint: compileCredentialHint(config.server.publicUrl, namedHosts(config)),
    audit: application.audit,
    access: application.access,
    meter: application.telemetry.requests,
    candidate: application.candidate.evaluation,
    clock: application.clock,
    log: application.log,
  };
  const allEndpoints = [...endpoints, ...services.endpoints];
  const pipeline = createPipeline({ ...stages, services: services.pipelines, endpoints: allEndpoints });
  let subrequests: Pipeline | undefined;
  const resources = { keyrings, failures, adminTokens, forwarders: services.forwarders, vaults };

  return {
    config,
    pipeline,
    get subrequests() {
      return subrequests;
    },
    idle: () => Promise.all([pipeline.idle(), subrequests?.idle()]),
    authenticator,
    adminToken: only(adminTokens),
    signingKey: () => only(keyrings).status(),
    ...createInspections(config, {
      pipelines: services.pipelines,
      endpoints: allEndpoints,
      authenticator,
      authorizer,
    }),
    access: (query) => authorizer.access(config, query),
    claimsUsed: authorizer.claimsUsed,
    async prepare() {
      for (const keyring of newKeyrings) await keyring.start();
      // A command that inspects the configuration sends no requests to upstreams.
      if (!application.inspect) await vaultValues?.load();
      if (config.server.authorizer === undefined || subrequests !== undefined) return;
      const { createSubrequestServices } = await import('../authorizer/subrequest-services.ts');
      subrequests = createPipeline({
        ...stages,
        forwardedBy: 'proxy',
        services: createSubrequestServices(config, services, ports),
        endpoints: [],
      });
    },
    async retire(successor, inUse) {
      authenticator.stop(successor?.authenticator);
      await releaseResources(resources, successor?.resources, inUse);
    },
    resources,
  };
}

/** The hosts of services, where the built-in endpoints without a service are not available. */
function namedHosts({ services }: Config): ReadonlySet<string> {
  return new Set(services.flatMap(({ hosts }) => hosts ?? []).map((host) => host.toLowerCase()));
}

/** The authenticator, the authorizer and the token service. */
function createPolicyPorts(
  config: Config,
  { egress, store, clock, log, revocations, telemetry }: ApplicationScope,
  {
    keyring,
    failures,
    authorizer,
  }: { readonly keyring: Keyring; readonly failures: FailureLimits; readonly authorizer: Authorizer },
  previous: ConfigurationSnapshot | undefined,
): EndpointPorts {
  const authenticator = createAuthenticator(
    config,
    { egress, keyring, clock, log, meter: telemetry.verification },
    previous?.authenticator,
  );
  return {
    authenticator,
    authorizer,
    revocations,
    verifyCredential: createRateLimitedVerify(failures, recognizeMistake),
    mint: createMint(mintSettings(config, authorizer), { keyring, clock }),
    keyring,
    store,
    clock,
    log,
  };
}
