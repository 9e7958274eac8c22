import { hash } from 'node:crypto';
import type { CredentialClass, PresentedCredential, VerifiedCredential } from '../contract/credential.ts';
import { deny } from '../contract/decision.ts';
import type { Deny, Refusal } from '../contract/decision.ts';
import { GatehouseError } from '../contract/errors.ts';
import type { VerificationMeter } from '../contract/meter.ts';
import type { Clock, Log, Outbound } from '../contract/ports.ts';
import { SingleFlight } from '../lib/single-flight.ts';
import { checkExpiry } from './check-claims.ts';
import { compileIssuer, compileTrust, issuersByForm } from './compile-issuers.ts';
import type { Trust } from './compile-issuers.ts';
import { quoted } from '../lib/quoted.ts';
import { MAX_TOKEN_LENGTH } from './parse-token.ts';
import type { AuthenticateSettings } from './settings.ts';
import { createVerificationCache } from './verification-cache.ts';
import type { CacheEntry } from './verification-cache.ts';
import { readCandidate, verifyCandidate } from './verify-id-token.ts';

export interface AuthenticatePorts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: VerificationMeter;
}

export type Authentication = VerifiedCredential | Refusal;

/** Answers at once for a token that it knows: the warm way of a request awaits nothing. */
export type ServiceAuthenticator = (
  presented: PresentedCredential,
) => Authentication | Promise<Authentication>;

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

const MAX_FLIGHTS = 1_000;

const OTHER_CLASSES: Readonly<Record<Exclude<CredentialClass, 'id_token'>, string>> = {
  job_token: 'no issuer accepts job tokens',
  deploy_token: 'no issuer accepts deploy tokens',
  access_token: 'no access tokens are minted here',
};

export function createAuthenticator(
  settings: AuthenticateSettings,
  { outbound, clock, log, meter }: AuthenticatePorts,
): Authenticator {
  const compiled = settings.issuers.map((issuer) => ({
    settings: issuer,
    issuer: compileIssuer(issuer, outbound, { clock, log, meter }),
  }));
  const issuers = compiled.map(({ issuer }) => issuer);
  const byForm = issuersByForm(issuers);
  const cache = createVerificationCache();
  const flights = new SingleFlight<CacheEntry | Refusal>(MAX_FLIGHTS);

  function authenticate(
    trust: Trust,
    presented: PresentedCredential,
  ): Authentication | Promise<Authentication> {
    if (presented.class !== 'id_token') return deny('credential_invalid', OTHER_CLASSES[presented.class]);
    const { token } = presented;
    if (token.length > MAX_TOKEN_LENGTH) return deny('credential_malformed', 'the token is over 16 KiB');
    const tokenHash = hash('sha256', token);
    const cacheKey = `id_token:${tokenHash}`;
    const known = cache.get(cacheKey);
    // A withdrawn key or a stale key set takes the long way, which fetches, and decides on what it finds.
    if (known !== undefined && known.key.alive && known.issuer.keys.usable()) {
      meter.cacheHit('id_token');
      return admit(known, trust, clock.now());
    }
    meter.cacheMiss('id_token');
    return verifyAnew(token, tokenHash, cacheKey, trust);
  }

  function verifyAnew(
    token: string,
    tokenHash: string,
    cacheKey: string,
    trust: Trust,
  ): Authentication | Promise<Authentication> {
    const started = performance.now();
    const measured = (issuer: string | undefined, result: Authentication): Authentication => {
      meter.verified('id_token', issuer, outcomeOf(result), (performance.now() - started) / 1000);
      return result;
    };
    const candidate = readCandidate(token, tokenHash, byForm);
    if (candidate.kind === 'deny') return measured(undefined, candidate);
    const { issuer } = candidate;
    if (!trust.has(issuer)) return measured(issuer.name, notTrusted(issuer.name));
    return flights
      .run(cacheKey, () => verifyCandidate(candidate, clock))
      .then((entry) => {
        if ('kind' in entry) return measured(issuer.name, entry);
        const result = admit(entry, trust, clock.now());
        // Only what a service took: tokens made for elsewhere must not push out those in use.
        if (!('kind' in result)) cache.set(cacheKey, entry);
        return measured(issuer.name, result);
      });
  }

  const serviceTrust = new Map(
    settings.services.map((service) => [service.name, compileTrust(compiled, service)]),
  );
  const fullTrust = compileTrust(compiled);

  return {
    forService(name) {
      const trust = serviceTrust.get(name);
      if (trust === undefined) throw new GatehouseError('config_invalid', `there is no service ${name}`);
      return (presented) => authenticate(trust, presented);
    },
    verify: (presented) => authenticate(fullTrust, presented),
    start: () => issuers.forEach(({ keys }) => keys.start()),
    fetchKeys: async () => {
      await Promise.all(issuers.map(({ keys }) => keys.refresh()));
    },
    stop: () => issuers.forEach(({ keys }) => keys.stop()),
    ready: () => issuers.every(({ keys }) => keys.usable()),
    issuers: () => issuers.map(({ name, url, keys }) => ({ name, url, ...keys.status() })),
  };
}

/** What is asked at every use of a good token: this service's issuers, the time, this service's audiences. */
function admit(entry: CacheEntry, trust: Trust, now: number): VerifiedCredential | Deny {
  const accepted = trust.get(entry.issuer);
  if (accepted === undefined) return notTrusted(entry.issuer.name);
  const expired = checkExpiry(entry.verified.expiresAt, now);
  if (expired !== undefined) return expired;
  for (const audience of entry.audiences) if (accepted.has(audience)) return entry.verified;
  return deny('audience_mismatch', `aud ${quoted(entry.audiences.join(' '))} is not one of this service`);
}

function notTrusted(issuer: string): Deny {
  return deny('issuer_unknown', `issuer ${issuer} is not one of this service`);
}

function outcomeOf(result: Authentication): 'verified' | 'denied' | 'unable' {
  if (!('kind' in result)) return 'verified';
  return result.kind === 'deny' ? 'denied' : 'unable';
}
