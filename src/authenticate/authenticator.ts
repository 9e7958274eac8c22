import type { PresentedCredential } from '../contract/credential.ts';
import { deny } from '../contract/decision.ts';
import { GatehouseError } from '../contract/errors.ts';
import type { VerificationMeter } from '../contract/meter.ts';
import type { Clock, Log, Outbound } from '../contract/ports.ts';
import type { Authentication, ServiceAuthenticator } from './authentication.ts';
import { compileIssuer, compileTrust } from './compile-issuers.ts';
import type { Trust } from './compile-issuers.ts';
import { createDeployTokens } from './deploy-tokens.ts';
import { createIdTokens } from './id-tokens.ts';
import { createJobTokens, pickJobTokens } from './job-tokens.ts';
import type { AuthenticateSettings, ServiceSettings } from './settings.ts';

export interface AuthenticatePorts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: VerificationMeter;
}

export interface IssuerStatus {
  readonly name: string;
  readonly url: string;
  readonly ready: boolean;
  readonly keys: number;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number | undefined;
  readonly lastError: string | undefined;
}

export interface Authenticator {
  /** By the issuers and audiences of one service. */
  forService(name: string): ServiceAuthenticator;
  /** By every issuer with its own audiences, as if for no service in particular. */
  verify: ServiceAuthenticator;
  /** Fetches all key sets and keeps them fresh. */
  start(): void;
  /** Fetches all key sets once; `issuers()` then says how it went. */
  fetchKeys(): Promise<void>;
  stop(): void;
  /** Every issuer has keys that can be used. */
  ready(): boolean;
  issuers(): readonly IssuerStatus[];
}

/** Whom a service believes, per class of credential. */
interface ServiceTrust {
  readonly idTokens: Trust;
  readonly jobTokens: ServiceAuthenticator;
}

export function createAuthenticator(settings: AuthenticateSettings, ports: AuthenticatePorts): Authenticator {
  const compiled = settings.issuers.map((issuer) => ({
    settings: issuer,
    issuer: compileIssuer(issuer, ports.outbound, ports),
  }));
  const issuers = compiled.map(({ issuer }) => issuer);
  const verifyIdToken = createIdTokens(issuers, ports);
  const jobTokens = createJobTokens(settings.issuers, ports);
  const verifyDeployToken = createDeployTokens(settings.deployTokens, settings.server.publicUrl, ports.clock);

  function authenticate(
    presented: PresentedCredential,
    trust: ServiceTrust,
    suspect?: boolean,
  ): Authentication | Promise<Authentication> {
    switch (presented.class) {
      case 'id_token':
        return verifyIdToken(presented, trust.idTokens);
      case 'job_token':
        return trust.jobTokens(presented, suspect);
      case 'deploy_token':
        return verifyDeployToken(presented);
      case 'access_token':
        return deny('credential_invalid', 'no access tokens are minted here');
      default:
        return presented.class satisfies never;
    }
  }

  function trustOf(service?: ServiceSettings): ServiceTrust {
    return { idTokens: compileTrust(compiled, service), jobTokens: pickJobTokens(jobTokens, service) };
  }

  const serviceTrust = new Map(settings.services.map((service) => [service.name, trustOf(service)]));
  const fullTrust = trustOf();

  return {
    forService(name) {
      const trust = serviceTrust.get(name);
      if (trust === undefined) throw new GatehouseError('config_invalid', `there is no service ${name}`);
      return (presented, suspect) => authenticate(presented, trust, suspect);
    },
    verify: (presented) => authenticate(presented, fullTrust),
    start: () => issuers.forEach(({ keys }) => keys.start()),
    fetchKeys: async () => {
      await Promise.all(issuers.map(({ keys }) => keys.refresh()));
    },
    stop: () => issuers.forEach(({ keys }) => keys.stop()),
    ready: () => issuers.every(({ keys }) => keys.usable()),
    issuers: () => issuers.map(({ name, url, keys }) => ({ name, url, ...keys.status() })),
  };
}
