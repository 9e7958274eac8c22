import { hash } from 'node:crypto';
import {
  MAX_CREDENTIAL_LENGTH,
  type PresentedCredential,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';
import type { VerificationMeter } from '../../core/operation/meter.ts';
import type { ReusableResources } from '../../util/resources/reuse.ts';
import { SingleFlight } from '../../util/async/single-flight.ts';
import { tokenHashes } from '../../util/text/token-hash.ts';
import { MAX_FLIGHTS, measure } from '../authentication.ts';
import type { Authentication, ServiceAuthenticator } from '../authentication.ts';
import { createIntrospection } from './gitlab-introspection.ts';
import type { Confirmation, IntrospectionPorts, IntrospectionRequest } from './gitlab-introspection.ts';
import { createPermits, type IntrospectionLimits } from './permits.ts';
import { createResultCache, type ResultCache } from './result-cache.ts';
import { permitsFor, type PermitsByGitlab } from './shared-permits.ts';
import type { IssuerSettings, ServiceSettings } from '../settings.ts';
import { introspectionSettingsHash } from '../settings-hash.ts';

export type IntrospectedPorts = IntrospectionPorts & {
  readonly meter: VerificationMeter;
  readonly permits: PermitsByGitlab;
};

/** Verifiers by issuer name. A reload reuses them, with their cached results and budgets. */
export type IntrospectedTokens = ReusableResources<IntrospectionIssuer, ServiceAuthenticator>;

/** The settings of an issuer that introspection depends on. */
export type IntrospectionIssuer = Pick<
  IssuerSettings,
  'name' | 'issuer' | 'apiUrl' | 'caFile' | 'jobTokens' | 'deployTokens'
>;

/** Picks the settings that introspection depends on, by issuer name. */
export function introspectionIssuers(
  issuers: readonly IntrospectionIssuer[],
): (readonly [string, IntrospectionIssuer])[] {
  return issuers.map(({ name, issuer, apiUrl, caFile, jobTokens, deployTokens }) => [
    name,
    { name, issuer, apiUrl, caFile, jobTokens, deployTokens },
  ]);
}

/**
 * Picks the verifier of the one issuer of a service that introspects such credentials. Introspected tokens do
 * not name their issuer, and trying several would disclose the secrets of one GitLab to another.
 */
export function pickIntrospected(
  verifiers: IntrospectedTokens,
  credentials: string,
  service?: ServiceSettings,
): ServiceAuthenticator {
  const accepting = [...verifiers].filter(([issuer]) => service?.issuers?.includes(issuer) ?? true);
  const [only, other] = accepting.map(([, { made }]) => made);
  if (only === undefined) return () => deny('credential_invalid', `no issuer accepts ${credentials}`);
  if (other !== undefined) return () => deny('credential_invalid', `several issuers accept ${credentials}`);
  return only;
}

/** What the verifier of one credential class at one GitLab depends on. */
interface VerifierSettings {
  readonly issuer: IntrospectionIssuer;
  readonly credentialClass: 'job_token' | 'deploy_token';
  /** Milliseconds for which a confirmation is cached. */
  readonly cache: number;
  readonly limits: IntrospectionLimits;
  readonly request: IntrospectionRequest<Confirmation>;
}

/** Creates the verifier of one credential class for one GitLab. */
export function createIntrospectedTokens(
  settings: VerifierSettings,
  ports: IntrospectedPorts,
): ServiceAuthenticator {
  const { issuer, credentialClass, cache, limits } = settings;
  const { clock, meter } = ports;
  const results = createResultCache({ confirmed: cache, refused: limits.refusalLifetime });
  const verifyUncached = createUncachedVerifier(settings, results, ports);
  const flights = new SingleFlight<Authentication>(MAX_FLIGHTS);

  return function verify(presented, _host, client = UNKNOWN_CLIENT) {
    const { token, username } = presented;
    const malformed = checkForm(token);
    if (malformed !== undefined) return malformed;
    const sentHash = hash('sha256', token);
    // A deploy token is valid only with its user name.
    const key = credentialClass === 'deploy_token' ? `${sentHash}:${username ?? ''}` : sentHash;
    const cached = results.find(key, clock.now());
    if (cached !== undefined) {
      meter.cacheHit(credentialClass);
      return cached;
    }
    meter.cacheMiss(credentialClass);
    const measured = measure(meter, credentialClass);
    return flights
      .run(key, () => verifyUncached(presented, key, sentHash, client))
      .then((result) => measured(issuer.name, result));
  };
}

/** Creates the function that introspects a credential, within the limits, and caches the result. */
function createUncachedVerifier(
  { issuer, credentialClass, cache, limits, request }: VerifierSettings,
  results: ResultCache,
  ports: IntrospectedPorts,
): (
  presented: PresentedCredential,
  key: string,
  sentHash: string,
  client: ClientFacts,
) => Promise<Authentication> {
  const { clock } = ports;
  const { name, issuer: issuerUrl } = issuer;
  const introspect = createIntrospection(issuer, request, ports);
  const settingsHash = introspectionSettingsHash(issuer);
  const subject = { credentials: request.credentials, issuer: name };
  const shared = permitsFor(ports.permits, credentialClass, issuer);
  const permits = createPermits(limits, subject, shared, clock);

  return async function verifyUncached(presented, key, sentHash, client) {
    const username = credentialClass === 'deploy_token' ? presented.username : undefined;
    const requester = { key, known: results.isConfirmed(key), username, client };
    const permit = await permits.take(requester);
    if (permit.kind === 'unable') return permit;
    const introspected = await introspect(presented, permit.kind);
    permits.settle(permit, requester, introspected);
    const { result } = introspected;
    const at = clock.now();
    switch (result.kind) {
      case 'unable':
        return result;
      case 'deny':
        results.setRefused(key, at, result);
        return result;
      case 'confirmed': {
        const verified: VerifiedCredential = {
          class: credentialClass,
          issuer: name,
          issuerUrl,
          subject: result.subject,
          jti: undefined,
          ...tokenHashes(presented.token, sentHash),
          expiresAt: at + cache,
          claims: result.claims,
          settingsHash,
        };
        results.setConfirmed(key, at, verified);
        return verified;
      }
      default:
        return result satisfies never;
    }
  };
}

/** The client of verifications that an operator starts, for example with `explain`. */
const UNKNOWN_CLIENT: ClientFacts = { address: '', proto: 'http' };

/**
 * GitLab issues only tokens that are valid header values; any other token must not reach a request header.
 */
function checkForm(token: string): Deny | undefined {
  if (token.length > MAX_CREDENTIAL_LENGTH) {
    return deny('credential_malformed', 'the token is longer than 16 KiB');
  }
  if (/^[\x21-\x7e]+$/.test(token)) return undefined;
  return deny('credential_malformed', 'the token contains characters other than printable ASCII');
}
