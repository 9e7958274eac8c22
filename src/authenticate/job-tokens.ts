import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { MAX_CREDENTIAL_LENGTH, type VerifiedCredential } from '../contract/credential.ts';
import { deny, unable } from '../contract/decision.ts';
import type { Deny } from '../contract/decision.ts';
import type { VerificationMeter } from '../contract/meter.ts';
import { SingleFlight } from '../lib/single-flight.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import { MAX_FLIGHTS, measure } from './authentication.ts';
import type { Authentication, ServiceAuthenticator } from './authentication.ts';
import { createIntrospection } from './job-token-introspection.ts';
import type { IntrospectionPorts } from './job-token-introspection.ts';
import type { IssuerSettings, JobTokenTiming, ServiceSettings } from './settings.ts';
import { MAX_ENTRIES, createVerificationCache } from './verification-cache.ts';

export type JobTokenPorts = IntrospectionPorts & { readonly meter: VerificationMeter };

/** Milliseconds that a definite "no" is remembered: against repetition, not against a change of mind. */
const REFUSAL_LIFETIME = 10_000;

/**
 * Calls to one GitLab. Tokens that it vouched for before have a budget of their own, so that a flood of made-up
 * ones does not keep running jobs out.
 */
const FIRST_CALLS = { perSecond: 20, burst: 50 };
/** What clients with too many failures share: they may not use up what new jobs need. */
const SUSPECT_CALLS = { perSecond: 2, burst: 5 };
const RENEWALS = { perSecond: 200, burst: 200 };

interface Remembered {
  /** When GitLab's answer came. */
  readonly at: number;
}

/** By the name of the issuer. */
export type JobTokens = ReadonlyMap<string, ServiceAuthenticator>;

export function createJobTokens(issuers: readonly IssuerSettings[], ports: JobTokenPorts): JobTokens {
  return new Map(
    issuers.flatMap((issuer) =>
      issuer.jobTokens === undefined
        ? []
        : [[issuer.name, createJobTokenVerifier(issuer, issuer.jobTokens, ports)] as const],
    ),
  );
}

export function pickJobTokens(verifiers: JobTokens, service?: ServiceSettings): ServiceAuthenticator {
  const accepting = [...verifiers].filter(([issuer]) => service?.issuers?.includes(issuer) ?? true);
  const [only, other] = accepting.map(([, verify]) => verify);
  if (only === undefined) return () => deny('credential_invalid', 'no issuer accepts job tokens');
  // A job token does not say whose it is: asking one after the other would hand each GitLab the others' secrets.
  if (other !== undefined) return () => deny('credential_invalid', 'several issuers accept job tokens');
  return only;
}

/** Job tokens of one GitLab: what it said of them, for as long as it is believed. */
function createJobTokenVerifier(
  issuer: IssuerSettings,
  { cache }: JobTokenTiming,
  ports: JobTokenPorts,
): ServiceAuthenticator {
  const { name } = issuer;
  const { clock, meter } = ports;
  const introspect = createIntrospection(issuer, ports);
  const running = createVerificationCache<
    Remembered & { readonly verified: VerifiedCredential; readonly size: number }
  >();
  const refused = new LRUCache<string, Remembered & { readonly refusal: Deny }>({ max: MAX_ENTRIES });
  const flights = new SingleFlight<Authentication>(MAX_FLIGHTS);
  const firstCalls = new TokenBucket(FIRST_CALLS, () => clock.now());
  const suspectCalls = new TokenBucket(SUSPECT_CALLS, () => clock.now());
  const renewals = new TokenBucket(RENEWALS, () => clock.now());

  async function ask(token: string, tokenHash: string, suspect: boolean): Promise<Authentication> {
    const fresh = suspect ? suspectCalls : firstCalls;
    const budget = running.has(tokenHash) ? renewals : fresh;
    if (!budget.take()) {
      return unable('issuer_unavailable', `too many job tokens to ask issuer ${name} about`, 1);
    }
    const answer = await introspect(token);
    const at = clock.now();
    switch (answer.kind) {
      case 'unable':
        return answer;
      case 'deny':
        running.delete(tokenHash);
        refused.set(tokenHash, { at, refusal: answer });
        return answer;
      case 'job': {
        const { subject, claims } = answer;
        const verified: VerifiedCredential = {
          class: 'job_token',
          issuer: name,
          issuerUrl: issuer.issuer,
          subject,
          jti: undefined,
          tokenHash,
          expiresAt: at + cache,
          claims,
        };
        running.set(tokenHash, { at, verified, size: JSON.stringify(claims).length });
        return verified;
      }
      default:
        return answer satisfies never;
    }
  }

  return function verify({ token }, _host, suspect = false) {
    const malformed = checkForm(token);
    if (malformed !== undefined) return malformed;
    const tokenHash = hash('sha256', token);
    const now = clock.now();
    const good = running.get(tokenHash);
    if (good !== undefined && isFresh(good, cache, now)) {
      meter.cacheHit('job_token');
      return good.verified;
    }
    const bad = refused.get(tokenHash);
    if (bad !== undefined && isFresh(bad, REFUSAL_LIFETIME, now)) {
      meter.cacheHit('job_token');
      return bad.refusal;
    }
    meter.cacheMiss('job_token');
    const measured = measure(meter, 'job_token');
    return flights
      .run(tokenHash, () => ask(token, tokenHash, suspect))
      .then((result) => measured(name, result));
  };
}

/** Negative age: the clock was set back, which must not keep an answer alive for as long. */
function isFresh({ at }: Remembered, lifetime: number, now: number): boolean {
  const age = now - at;
  return age >= 0 && age < lifetime;
}

/** What could not stand in the header of our own call is nothing that GitLab ever gave out. */
function checkForm(token: string): Deny | undefined {
  if (token.length > MAX_CREDENTIAL_LENGTH) return deny('credential_malformed', 'the token is over 16 KiB');
  if (/^[\x21-\x7e]+$/.test(token)) return undefined;
  return deny('credential_malformed', 'the job token holds characters that none has');
}
