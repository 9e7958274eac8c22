import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  MAX_CREDENTIAL_LENGTH,
  type Claims,
  type PresentedCredential,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';
import type { VerificationMeter } from '../../core/meter.ts';
import type { ReusableResources } from '../../util/reuse.ts';
import { SingleFlight } from '../../util/single-flight.ts';
import { tokenHashes } from '../../util/token-hash.ts';
import { MAX_FLIGHTS, measure } from '../authentication.ts';
import type { Authentication, ServiceAuthenticator } from '../authentication.ts';
import { createIntrospection } from './gitlab-introspection.ts';
import type { IntrospectionPorts, IntrospectionRequest } from './gitlab-introspection.ts';
import { createPermits, type IntrospectionLimits } from './permits.ts';
import type { IssuerSettings, ServiceSettings } from '../settings.ts';
import { introspectionSettingsHash } from '../settings-hash.ts';
import { MAX_ENTRIES, createVerificationCache } from '../verification-cache.ts';

export type IntrospectedPorts = IntrospectionPorts & { readonly meter: VerificationMeter };

/** What GitLab vouched for. */
export interface Proof {
  readonly kind: 'proof';
  readonly subject: string;
  readonly claims: Claims;
}

interface Remembered {
  /** When GitLab's answer came. */
  readonly at: number;
}

/** By the name of the issuer. What was asked of one, and how much it may be asked, outlives a reload. */
export type IntrospectedTokens = ReusableResources<AskedIssuer, ServiceAuthenticator>;

/** All that matters of an issuer here. */
export type AskedIssuer = Pick<
  IssuerSettings,
  'name' | 'issuer' | 'apiUrl' | 'caFile' | 'jobTokens' | 'deployTokens'
>;

export function askedOf(issuers: readonly AskedIssuer[]): (readonly [string, AskedIssuer])[] {
  return issuers.map(({ name, issuer, apiUrl, caFile, jobTokens, deployTokens }) => [
    name,
    { name, issuer, apiUrl, caFile, jobTokens, deployTokens },
  ]);
}

/** The one GitLab of a service that vouches for such credentials. */
export function pickIntrospected(
  verifiers: IntrospectedTokens,
  what: string,
  service?: ServiceSettings,
): ServiceAuthenticator {
  const accepting = [...verifiers].filter(([issuer]) => service?.issuers?.includes(issuer) ?? true);
  const [only, other] = accepting.map(([, { made }]) => made);
  if (only === undefined) return () => deny('credential_invalid', `no issuer accepts ${what}`);
  // It does not say whose it is: asking one after the other would hand each GitLab the others' secrets.
  if (other !== undefined) return () => deny('credential_invalid', `several issuers accept ${what}`);
  return only;
}

/** Credentials of one class and one GitLab: what it said of them, for as long as it is believed. */
export function createIntrospectedTokens(
  issuer: AskedIssuer,
  kind: 'job_token' | 'deploy_token',
  cache: number,
  limits: IntrospectionLimits,
  question: IntrospectionRequest<Proof>,
  ports: IntrospectedPorts,
): ServiceAuthenticator {
  const { name } = issuer;
  const { clock, meter } = ports;
  const introspect = createIntrospection(issuer, question, ports);
  const settingsHash = introspectionSettingsHash(issuer);
  const running = createVerificationCache<
    Remembered & { readonly verified: VerifiedCredential; readonly size: number }
  >();
  const refused = new LRUCache<string, Remembered & { readonly refusal: Deny }>({ max: MAX_ENTRIES });
  const flights = new SingleFlight<Authentication>(MAX_FLIGHTS);
  const permits = createPermits(limits, { class: kind, what: question.what, issuer: name }, clock);

  async function ask(
    presented: PresentedCredential,
    key: string,
    sentHash: string,
    client: ClientFacts,
  ): Promise<Authentication> {
    const known = running.has(key);
    const permit = permits.take(presented, known, client);
    if (permit.kind === 'unable') return permit;
    const asked = await introspect(presented, known ? 'known' : 'unknown');
    permits.settle(permit, asked);
    const answer = asked.result;
    const at = clock.now();
    switch (answer.kind) {
      case 'unable':
        return answer;
      case 'deny':
        running.delete(key);
        refused.set(key, { at, refusal: answer });
        return answer;
      case 'proof': {
        const { subject, claims } = answer;
        const verified: VerifiedCredential = {
          class: kind,
          issuer: name,
          issuerUrl: issuer.issuer,
          subject,
          jti: undefined,
          ...tokenHashes(presented.token, sentHash),
          expiresAt: at + cache,
          claims,
          settingsHash,
        };
        running.set(key, { at, verified, size: JSON.stringify(claims).length });
        return verified;
      }
      default:
        return answer satisfies never;
    }
  }

  return function verify(presented, _host, client = UNKNOWN_CLIENT) {
    const { token, username } = presented;
    const malformed = checkForm(token);
    if (malformed !== undefined) return malformed;
    const sentHash = hash('sha256', token);
    // A deploy token is good with its own user name only.
    const key = kind === 'deploy_token' ? `${sentHash}:${username ?? ''}` : sentHash;
    const now = clock.now();
    const good = running.get(key);
    if (good !== undefined && isFresh(good, cache, now)) {
      meter.cacheHit(kind);
      return good.verified;
    }
    const bad = refused.get(key);
    if (bad !== undefined && isFresh(bad, limits.refusalLifetime, now)) {
      meter.cacheHit(kind);
      return bad.refusal;
    }
    meter.cacheMiss(kind);
    const measured = measure(meter, kind);
    return flights
      .run(key, () => ask(presented, key, sentHash, client))
      .then((result) => measured(name, result));
  };
}

/** For questions of the operator, which no client asked. */
const UNKNOWN_CLIENT: ClientFacts = { address: '', proto: 'http' };

/** Negative age: the clock was set back, which must not keep an answer alive for as long. */
function isFresh({ at }: Remembered, lifetime: number, now: number): boolean {
  const age = now - at;
  return age >= 0 && age < lifetime;
}

/** What could not stand in the header of our own call is nothing that GitLab ever gave out. */
function checkForm(token: string): Deny | undefined {
  if (token.length > MAX_CREDENTIAL_LENGTH) return deny('credential_malformed', 'the token is over 16 KiB');
  if (/^[\x21-\x7e]+$/.test(token)) return undefined;
  return deny('credential_malformed', 'the token holds characters that none has');
}
