import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type { Decision } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import { createAuthorizer, type Authorizer } from '../evaluate/authorizer.ts';
import type { PolicySettings } from '../settings.ts';
import { outcomeOf, recordedOutcome } from './recorded-outcome.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { applyAdditions, collectAdditions, type Additions } from './suggested-additions.ts';
import {
  literalPattern,
  suggestMatch,
  type MissingGrant,
  type SuggestedIdentity,
} from './suggested-grants.ts';
import { createFindUnrecorded } from './unrecorded-claims.ts';

/** Additions, and how many events they allow. */
export interface Suggestion extends Additions {
  /** Events that the additions allow. */
  readonly covered: number;
  /** Denied events that no narrow addition allows, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
}

export interface Suggest {
  /** Considers a denied or shadowed request; ignores others. */
  add(request: RecordedRequest): void;
  skip(reason: string): void;
  finish(): Suggestion;
}

export interface SuggestPorts {
  /** The operations of a request under the configuration; undefined for a request that is none. */
  readonly operationsOf: (request: RecordedRequest) => readonly Operation[] | undefined;
  /** The reason why the service does not accept the credential. */
  readonly untrusted: (service: string, credential: VerifiedCredential) => string | undefined;
  /** Claims that the events contain if the tokens have them, in addition to those that an event contains. */
  readonly recordedClaims?: ReadonlySet<string> | undefined;
}

/** Equal requests with equal credentials. */
interface Ask {
  readonly credential: VerifiedCredential;
  readonly service: string;
  readonly operations: readonly Operation[];
  /** Key of the identity that gets the grants. */
  readonly target: string;
  readonly missing: readonly MissingGrant[];
  /** The existing identity that the credential matches. */
  readonly matched: string | undefined;
  events: number;
}

/** Bounds the memory for a log of any length. */
const MAX_ASKS = 50_000;

/** Collects denied requests, and finds the smallest additions that allow them. Every addition is verified by evaluation. */
export function createSuggest(settings: PolicySettings, ports: SuggestPorts): Suggest {
  const authorizer = createAuthorizer(settings);
  const types = new Map(settings.services.map(({ name, type }) => [name, type]));
  const asks = new Map<string, Ask>();
  const added = new Map<string, Omit<SuggestedIdentity, 'grants'>>();
  const skipped = new Map<string, number>();
  const findUnrecorded = createFindUnrecorded(settings);
  const recordedClaims = new Set(ports.recordedClaims);

  function skip(reason: string, events = 1): void {
    const key = skipped.has(reason) || skipped.size < MAX_REASONS ? reason : 'other reasons';
    skipped.set(key, (skipped.get(key) ?? 0) + events);
  }

  /** The identity that gets the grants: an existing one, or a new one for exactly these claims. */
  function targetOf({ claimNames }: RecordedRequest, credential: VerifiedCredential): string | Unusable {
    const identified = authorizer.identify(credential);
    if ('identity' in identified) return identified.identity;
    if (credential.minted !== undefined || credential.issuer === DEPLOY_TOKENS)
      return unusable('no identity matches a minted token or a deploy token any more');
    const issuer = settings.issuers.find(({ name }) => name === credential.issuer);
    if (issuer === undefined) return unusable(`the configuration has no issuer "${credential.issuer}"`);
    const suggested = suggestMatch(credential.claims, claimNames, issuer.type);
    if (suggested.kind === 'unusable') return unusable(suggested.detail);
    const key = JSON.stringify([issuer.name, credential.class, suggested.match]);
    const known = added.get(key);
    if (known !== undefined) return known.name;
    const name = freeName(settings, added.size + 1);
    added.set(key, { name, issuer: issuer.name, via: [credential.class], match: suggested.match });
    return name;
  }

  function isNew(target: string): boolean {
    return [...added.values()].some(({ name }) => name === target);
  }

  function add(request: RecordedRequest): void {
    for (const claim of request.claimNames) if (recordedClaims.size < MAX_CLAIMS) recordedClaims.add(claim);
    const recorded = recordedOutcome(request);
    if (recorded.kind === 'undecided') {
      if (request.decision === 'deny') skip(recorded.detail);
      return;
    }
    if (recorded.outcome === 'allow') return;
    const ask = readAsk(request);
    if (typeof ask === 'string') return skip(ask);
    const { credential, service, operations, target } = ask;
    const key = JSON.stringify([
      credential.class,
      credential.issuer,
      credential.claims,
      target,
      service,
      operations,
    ]);
    const known = asks.get(key);
    if (known !== undefined) known.events += 1;
    else if (asks.size < MAX_ASKS) asks.set(key, ask);
    else skip(`more than ${MAX_ASKS} different requests; select fewer events`);
  }

  /** The reason if no suggestion can cover the request. */
  function readAsk(request: RecordedRequest): Ask | string {
    const { credential, service = '' } = request;
    const type = types.get(service);
    if (type === undefined) return `the configuration has no service "${service}"`;
    if (credential === undefined) return 'requests without a credential: anonymous rules are not suggested';
    if (request.claimsOmitted) return 'the event does not contain all claims';
    const refused = ports.untrusted(service, credential);
    if (refused !== undefined) return refused;
    const operations = ports.operationsOf(request);
    if (operations === undefined) return 'not an operation of the service';
    if (request.operationsCut) return 'the event does not contain all operations';
    const decision = authorizer.forService(service)(credential, operations);
    if (isAllowed(decision)) return 'already allowed by this configuration';
    if (reasonOf(decision) === 'job_token_not_allowlisted')
      return 'job_token_not_allowlisted: add the project of the job to jobTokenAllowlist';
    const target = targetOf(request, credential);
    if (typeof target !== 'string') return target.detail;
    const missing: MissingGrant[] = [];
    for (const operation of operations) {
      const { scope, resource, extent } = operation;
      if (extent === 'any' || isAllowed(authorizer.forService(service)(credential, [operation]))) continue;
      if (extent === 'every') return 'an operation on all resources, which requires a grant on "**"';
      const pattern = literalPattern(resource, type);
      if (pattern === undefined) return 'a resource whose name no pattern without wildcards matches';
      missing.push({ service, scope, pattern });
    }
    const matched = isNew(target) ? undefined : target;
    return { credential, service, operations, target, missing, matched, events: 1 };
  }

  /** An addition would ignore a claim that the policy requires and that the events do not contain. */
  function isComplete({ credential, service, matched, events }: Ask): boolean {
    const claim = findUnrecorded(credential, service, matched, (name) => recordedClaims.has(name));
    if (claim !== undefined) skip(`the events do not contain the claim "${claim}"`, events);
    return claim === undefined;
  }

  /** Removes requests that stay denied, until the additions of the others allow all of the others. */
  function finish(): Suggestion {
    let left = [...asks.values()].filter(isComplete);
    for (;;) {
      const additions = collectAdditions(left, settings, [...added.values()]);
      const changed = createAuthorizer(applyAdditions(settings, additions));
      const denied = left.filter(({ credential, service, operations }) => {
        const decision = changed.forService(service)(credential, operations);
        return !isAllowed(decision);
      });
      if (denied.length === 0)
        return { ...additions, covered: left.reduce((sum, { events }) => sum + events, 0), skipped };
      for (const ask of denied) skip(`a grant is not sufficient: ${stillDenied(changed, ask)}`, ask.events);
      const out = new Set(denied);
      left = left.filter((ask) => !out.has(ask));
    }
  }

  return { add, skip: (reason) => skip(reason), finish };
}

const MAX_REASONS = 100;

/** Names of claims. More than any policy refers to. */
const MAX_CLAIMS = 10_000;

interface Unusable {
  readonly detail: string;
}

function unusable(detail: string): Unusable {
  return { detail };
}

function isAllowed(decision: Decision): boolean {
  return outcomeOf(decision) === 'allow';
}

function reasonOf(decision: Decision): string {
  return decision.kind === 'allow' ? (decision.relaxed?.reason ?? '') : decision.reason;
}

function stillDenied(authorizer: Authorizer, { service, credential, operations }: Ask): string {
  return reasonOf(authorizer.forService(service)(credential, operations));
}

function freeName({ identities }: PolicySettings, number: number): string {
  let name = `suggested-${number}`;
  while (identities.some((identity) => identity.name === name)) name += '-new';
  return name;
}
