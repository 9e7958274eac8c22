import { createAuthenticator, type Authenticator } from '../credentials/index.ts';
import { createAuthorizer } from '../policy/index.ts';
import type { Config } from '../config/index.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import { openAdminToken, type AdminToken } from './admin-token.ts';
import { createOwnEndpoints } from './built-in-endpoints.ts';
import { createExplain, type Explain } from './explain.ts';
import { mintSettings } from './minting.ts';
import { createOriginOf } from './token-source.ts';
import type { Process } from './application-scope.ts';
import { createPublishingEndpoints } from './trusted-publishing.ts';
import { createServices, type Forwarders } from './services.ts';
import type { Forwarder } from '../proxy/index.ts';
import { createMint } from '../token-service/index.ts';
import { inherit, missingFrom, type Estate } from '../util/reuse.ts';
import { createKeyring } from '../token-service/index.ts';
import { createAdmit, createPipeline, type Pipeline, type Standing } from '../gateway/index.ts';
import { jsonRefusal } from '../protocols/index.ts';
import { createFailureLimits } from '../state/index.ts';

/** What lives for one configuration: all that decides and forwards. A request is served by one, from start to end. */
export interface Generation {
  readonly config: Config;
  readonly pipeline: Pipeline;
  readonly authenticator: Authenticator;
  readonly adminToken: AdminToken;
  readonly explain: Explain;
  /** What may still fail before it is in force. */
  prepare(): Promise<void>;
  /** Lets go of what `successor` has not taken over; of connections, once they are not `inUse`. */
  retire(successor: Generation | undefined, inUse: (forwarder: Forwarder) => Promise<unknown>): Promise<void>;
  readonly estate: GenerationEstate;
}

/** What the next one takes over where the settings are the same. */
interface GenerationEstate {
  readonly keyrings: Estate<Config['signing'], Keyring>;
  readonly failures: Estate<Config['server']['limits']['authFailures'], FailureLimits>;
  readonly adminTokens: Estate<Config['server']['admin'], AdminToken>;
  readonly forwarders: Forwarders;
}

/** Throws where the configuration cannot be had as it is; nothing of `last` has changed then. `standing` is of whichever is in force. */
export function createGeneration(
  config: Config,
  life: Process,
  standing: Standing,
  last?: Generation,
): Generation {
  const adminTokens = inherit(last?.estate.adminTokens, [['token', config.server.admin]], (admin) =>
    openAdminToken(admin, life.log),
  );
  try {
    return assemble(config, life, standing, adminTokens, last);
  } catch (error) {
    for (const token of missingFrom(adminTokens, last?.estate.adminTokens)) token.close();
    throw error;
  }
}

function assemble(
  config: Config,
  life: Process,
  standing: Standing,
  adminTokens: GenerationEstate['adminTokens'],
  last: Generation | undefined,
): Generation {
  const { store, clock, log, outbound, revocations, stalls } = life;
  const keyrings = inherit(last?.estate.keyrings, [['keyring', config.signing]], (signing) =>
    createKeyring({ signing }, { store, log }),
  );
  const failureLimits = inherit(
    last?.estate.failures,
    [['failures', config.server.limits.authFailures]],
    (limits) => createFailureLimits(limits, store, clock),
  );
  // Not asked of `last` later: a generation that knew its predecessor would keep all of them in memory.
  const newKeyrings = missingFrom(keyrings, last?.estate.keyrings);
  const keyring = only(keyrings);
  const failures = only(failureLimits);
  const meter = life.telemetry.verification;
  const authenticator = createAuthenticator(
    config,
    { outbound, keyring, clock, log, meter },
    last?.authenticator,
  );
  const authorizer = createAuthorizer(config);
  const mint = createMint(mintSettings(config, authorizer), { keyring, clock });
  const admit = createAdmit(failures);
  const policy = { authenticator, authorizer, revocations, admit, mint, keyring, clock, log };
  const endpointRooms = { ...policy, store };
  const endpoints = [
    ...createOwnEndpoints(config, endpointRooms),
    ...createPublishingEndpoints(config, endpointRooms),
  ];
  // The last that can fail: nothing that it has opened is left open behind an error.
  const services = createServices(config, { ...policy, outbound, stalls }, last?.estate.forwarders);
  const pipeline = createPipeline({
    services: services.lines,
    endpoints: [...endpoints, ...services.endpoints],
    fallback: { refusal: jsonRefusal },
    revocations,
    originOf: createOriginOf(config, clock),
    standing,
    failures,
    audit: life.audit,
    access: life.access,
    meter: life.telemetry.requests,
    clock,
    log,
  });

  return {
    config,
    pipeline,
    authenticator,
    adminToken: only(adminTokens),
    explain: createExplain(config, { lines: services.lines, authenticator, authorizer }),
    async prepare() {
      for (const each of newKeyrings) await each.start();
    },
    async retire(successor, inUse) {
      authenticator.stop(successor?.authenticator);
      for (const each of missingFrom(keyrings, successor?.estate.keyrings)) each.stop();
      for (const each of missingFrom(adminTokens, successor?.estate.adminTokens)) each.close();
      const left = missingFrom(services.forwarders, successor?.estate.forwarders);
      await Promise.all(left.map((forwarder) => forwarder.close(inUse(forwarder))));
    },
    estate: { keyrings, failures: failureLimits, adminTokens, forwarders: services.forwarders },
  };
}

function only<T>(estate: Estate<unknown, T>): T {
  const [entry] = estate.values();
  if (entry === undefined) throw new TypeError('an estate of one thing that has none');
  return entry.made;
}
