import { deny } from '../core/decision.ts';
import { GatehouseError } from '../core/errors.ts';
import type { IssuerStatus } from '../core/operation/issuer-status.ts';
import type { VerificationMeter } from '../core/operation/meter.ts';
import type { RefuseEnded } from '../core/credentials/liveness.ts';
import type { Clock, Log, EgressBodyClient } from '../core/ports.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import { missingFrom } from '../util/resources/reuse.ts';
import type { ServiceAuthenticator } from './authentication.ts';
import { createClassDispatch, createTrustCompiler } from './class-dispatch.ts';
import { trustIn } from './compile-issuers.ts';
import { createAuthenticatorResources, type AuthenticatorResources } from './reusable-verifiers.ts';
import { createRefuseEnded } from './liveness/liveness.ts';
import { createIdTokens } from './id-token/id-tokens.ts';
import type { AuthenticateSettings } from './settings.ts';

export interface AuthenticatePorts {
  readonly egress: EgressBodyClient;
  readonly keyring: Pick<Keyring, 'verify' | 'unseal' | 'counts'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: VerificationMeter;
}

/** The result of one probe. `name`: of the issuer. */
export interface LivenessProbe {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** Some jobs cannot be checked. */
  readonly warning?: string;
}

/** Authenticates credentials of all classes, with the issuers of one configuration. */
export interface Authenticator {
  /**
   * Accepts the issuers and audiences of one service. Throws `config_invalid` if there is no such service.
   */
  forService(name: string): ServiceAuthenticator;
  /** Accepts every issuer with its own audiences, independent of a service. */
  verify: ServiceAuthenticator;
  /** Accepts only ID tokens, with these audiences by issuer name. */
  forAudiences(audiences: ReadonlyMap<string, readonly string[]>): ServiceAuthenticator;
  /** Accepts every valid access token of the gateway, whatever its audience, for revocation by its holder. */
  readonly own: ServiceAuthenticator;
  /** Undefined if no issuer has `liveness`. */
  readonly refuseEnded: RefuseEnded | undefined;
  /** Finds out whether the gateway can ask about jobs, for each issuer with `liveness`. */
  probeLiveness(): Promise<readonly LivenessProbe[]>;
  /** Starts the refresh of all key sets. Reused key sets are already running. */
  start(): void;
  /** Fetches all key sets once; `issuers()` then contains the results. */
  fetchKeys(): Promise<void>;
  /** Stops the key sets that the successor, if given, does not reuse. */
  stop(successor?: Authenticator): void;
  /** Whether every issuer has usable keys. */
  ready(): boolean;
  issuers(): readonly IssuerStatus[];
  /** Resources that the authenticator of the next configuration can reuse. */
  readonly resources: AuthenticatorResources;
}

/** Creates the authenticator. Reuses keys and verified tokens of unchanged issuers. */
export function createAuthenticator(
  settings: AuthenticateSettings,
  ports: AuthenticatePorts,
  previous?: Authenticator,
): Authenticator {
  const resources = createAuthenticatorResources(settings, ports, previous?.resources);
  const compiled = settings.issuers.flatMap((each) => {
    const issuer = resources.issuers.get(each.name)?.made;
    return issuer === undefined ? [] : [{ settings: each, issuer }];
  });
  const issuers = compiled.map(({ issuer }) => issuer);
  const verifyIdToken = createIdTokens(issuers, resources.idTokens, ports);
  const authenticate = createClassDispatch(settings, verifyIdToken, ports.clock);
  const trustOf = createTrustCompiler(settings, compiled, resources);
  const serviceTrust = new Map(settings.services.map((service) => [service.name, trustOf(service)]));
  const fullTrust = trustOf();

  return {
    forService(name) {
      const trust = serviceTrust.get(name);
      if (trust === undefined) throw new GatehouseError('config_invalid', `there is no service ${name}`);
      return (presented, host, client) => authenticate(presented, trust, host, client);
    },
    verify: (presented, host, client) => authenticate(presented, fullTrust, host, client),
    forAudiences(audiences) {
      const trust = trustIn(issuers, audiences);
      return (presented) =>
        presented.class === 'id_token'
          ? verifyIdToken(presented, trust)
          : deny('credential_invalid', `a ${presented.class}; only ID tokens are accepted here`);
    },
    own: resources.accessTokens.anywhere,
    refuseEnded: createRefuseEnded(resources.liveness),
    probeLiveness: () =>
      Promise.all(
        [...resources.liveness].map(async ([name, { made }]) => ({ name, ...(await made.probe()) })),
      ),
    start: () => issuers.forEach(({ keys }) => keys.start()),
    fetchKeys: async () => {
      await Promise.all(issuers.map(({ keys }) => keys.refresh()));
    },
    stop(successor) {
      for (const { keys } of missingFrom(resources.issuers, successor?.resources.issuers)) keys.stop();
    },
    ready: () => issuers.every(({ keys }) => keys.usable()),
    issuers: () => issuers.map(({ name, url, keys }) => ({ name, url, ...keys.status() })),
    resources,
  };
}
