import { createAuthenticator, type Authenticator } from '../credentials/index.ts';
import { createAuthorizer } from '../policy/index.ts';
import type { Config } from '../config/index.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import { openAdminToken, type AdminToken } from './admin-token.ts';
import { createBuiltInEndpoints } from './built-in-endpoints.ts';
import { createExplain, type Explain } from './explain.ts';
import { mintSettings } from './minting.ts';
import { createTokenSourceOf } from './token-source.ts';
import type { ApplicationScope } from './application-scope.ts';
import { createPublishingEndpoints } from './trusted-publishing.ts';
import { createServices, type Forwarders } from './services.ts';
import type { Forwarder } from '../proxy/index.ts';
import { createMint } from '../token-service/index.ts';
import { reuse, missingFrom, type ReusableResources } from '../util/reuse.ts';
import { createKeyring } from '../token-service/index.ts';
import {
  createRateLimitedVerify,
  createPipeline,
  type Pipeline,
  type Reauthorize,
} from '../gateway/index.ts';
import { jsonRefusal } from '../protocols/index.ts';
import { createFailureLimits } from '../state/index.ts';

/** What lives for one configuration: all that decides and forwards. A request is served by one, from start to end. */
export interface ConfigurationSnapshot {
  readonly config: Config;
  readonly pipeline: Pipeline;
  readonly authenticator: Authenticator;
  readonly adminToken: AdminToken;
  readonly explain: Explain;
  /** What may still fail before it is in force. */
  prepare(): Promise<void>;
  /** Lets go of what `successor` has not taken over; of connections, once they are not `inUse`. */
  retire(
    successor: ConfigurationSnapshot | undefined,
    inUse: (forwarder: Forwarder) => Promise<unknown>,
  ): Promise<void>;
  readonly resources: SnapshotResources;
}

/** What the next one takes over where the settings are the same. */
interface SnapshotResources {
  readonly keyrings: ReusableResources<Config['signing'], Keyring>;
  readonly failures: ReusableResources<Config['server']['limits']['authFailures'], FailureLimits>;
  readonly adminTokens: ReusableResources<Config['server']['admin'], AdminToken>;
  readonly forwarders: Forwarders;
}

/** Throws where the configuration cannot be had as it is; nothing of `last` has changed then. `standing` is of whichever is in force. */
export function createSnapshot(
  config: Config,
  application: ApplicationScope,
  reauthorize: Reauthorize,
  last?: ConfigurationSnapshot,
): ConfigurationSnapshot {
  const adminTokens = reuse(last?.resources.adminTokens, [['token', config.server.admin]], (admin) =>
    openAdminToken(admin, application.log),
  );
  try {
    return assemble(config, application, reauthorize, adminTokens, last);
  } catch (error) {
    for (const token of missingFrom(adminTokens, last?.resources.adminTokens)) token.close();
    throw error;
  }
}

function assemble(
  config: Config,
  application: ApplicationScope,
  reauthorize: Reauthorize,
  adminTokens: SnapshotResources['adminTokens'],
  last: ConfigurationSnapshot | undefined,
): ConfigurationSnapshot {
  const { store, clock, log, egress, revocations, stalls } = application;
  const keyrings = reuse(last?.resources.keyrings, [['keyring', config.signing]], (signing) =>
    createKeyring({ signing }, { store, log }),
  );
  const failureLimits = reuse(
    last?.resources.failures,
    [['failures', config.server.limits.authFailures]],
    (limits) => createFailureLimits(limits, store, clock),
  );
  // Not asked of `last` later: a generation that knew its predecessor would keep all of them in memory.
  const newKeyrings = missingFrom(keyrings, last?.resources.keyrings);
  const keyring = only(keyrings);
  const failures = only(failureLimits);
  const meter = application.telemetry.verification;
  const authenticator = createAuthenticator(
    config,
    { egress, keyring, clock, log, meter },
    last?.authenticator,
  );
  const authorizer = createAuthorizer(config);
  const mint = createMint(mintSettings(config, authorizer), { keyring, clock });
  const verifyCredential = createRateLimitedVerify(failures);
  const policy = { authenticator, authorizer, revocations, verifyCredential, mint, keyring, clock, log };
  const endpointPorts = { ...policy, store };
  const endpoints = [
    ...createBuiltInEndpoints(config, endpointPorts),
    ...createPublishingEndpoints(config, endpointPorts),
  ];
  // The last that can fail: nothing that it has opened is left open behind an error.
  const services = createServices(config, { ...policy, egress, stalls }, last?.resources.forwarders);
  const pipeline = createPipeline({
    services: services.pipelines,
    endpoints: [...endpoints, ...services.endpoints],
    fallback: { refusal: jsonRefusal },
    revocations,
    originOf: createTokenSourceOf(config, clock),
    reauthorize,
    failures,
    audit: application.audit,
    access: application.access,
    meter: application.telemetry.requests,
    clock,
    log,
  });

  return {
    config,
    pipeline,
    authenticator,
    adminToken: only(adminTokens),
    explain: createExplain(config, { pipelines: services.pipelines, authenticator, authorizer }),
    async prepare() {
      for (const each of newKeyrings) await each.start();
    },
    async retire(successor, inUse) {
      authenticator.stop(successor?.authenticator);
      for (const each of missingFrom(keyrings, successor?.resources.keyrings)) each.stop();
      for (const each of missingFrom(adminTokens, successor?.resources.adminTokens)) each.close();
      const left = missingFrom(services.forwarders, successor?.resources.forwarders);
      await Promise.all(left.map((forwarder) => forwarder.close(inUse(forwarder))));
    },
    resources: { keyrings, failures: failureLimits, adminTokens, forwarders: services.forwarders },
  };
}

function only<T>(resources: ReusableResources<unknown, T>): T {
  const [entry] = resources.values();
  if (entry === undefined) throw new TypeError('an estate of one thing that has none');
  return entry.made;
}
