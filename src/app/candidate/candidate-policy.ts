import { isDeepStrictEqual } from 'node:util';
import { outcomeOf, type Authorizer } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { CandidateDifference, EndedRequest } from '../../core/candidate.ts';
import { basisReason, deny, type Decision } from '../../core/decision.ts';
import type { Protocol, RequestedOperations } from '../../core/request/protocol.ts';
import { authorize, classify } from '../../gateway/index.ts';
import { httpProtocol } from '../../protocols/index.ts';
import { refuseUntrusted } from '../inspect/assumed-credential.ts';
import { compileProtocol, type Service } from '../services/service-protocol.ts';

/** Decides an ended request with the candidate policy. */
export interface CandidatePolicy {
  /** The cached result; undefined if it is not cached. */
  known(request: EndedRequest): CandidateDifference | undefined;
  evaluate(request: EndedRequest): CandidateDifference;
}

type Classified = NonNullable<EndedRequest['classification']>;

/** Results per credential. Most credentials request few resources. */
const MAX_RESULTS = 512;

/** Characters of all cached results; then all are forgotten. A client chooses the length of a resource. */
const MAX_CACHED = 32 * 1024 * 1024;

/** The size of one result without its key, in characters. */
const ENTRY_SIZE = 300;

interface CandidateService {
  readonly authorizers: Pick<Parameters<typeof authorize>[1], 'authorize' | 'authorizeUnknown'>;
  /** Classifies again: the candidate defines other operations. Undefined: the operations of the active policy apply. */
  readonly protocol: Protocol | undefined;
  /** Why no request to the service can be evaluated. */
  readonly unusable: string | undefined;
  /** Issuers that the candidate configures otherwise, so that it might not verify their credentials. */
  readonly changedIssuers: ReadonlySet<string>;
}

/**
 * The candidate policy, with the credentials, routes and issuers of the active configuration. What depends on anything
 * else is `not_evaluated`: changed issuers and audiences, services that only one side has, and unread bodies.
 */
export function createCandidatePolicy(
  active: Config,
  candidate: Config,
  authorizer: Authorizer,
): CandidatePolicy {
  const services = new Map(
    active.services.map((service) => [
      service.name,
      candidateService(service, { active, candidate, authorizer }),
    ]),
  );
  let byCredential = new WeakMap<object, Map<string, CandidateDifference>>();
  let cached = 0;

  function resultsOf({ verified }: EndedRequest): Map<string, CandidateDifference> {
    const owner = verified ?? ANONYMOUS;
    let results = byCredential.get(owner);
    if (results === undefined) {
      results = new Map();
      byCredential.set(owner, results);
    }
    return results;
  }

  function decide(request: EndedRequest): CandidateDifference {
    const { service: name = '', classification, verified, head } = request;
    const service = services.get(name);
    if (service === undefined || classification === undefined) return notEvaluated('no_service');
    if (service.unusable !== undefined) return notEvaluated(service.unusable);
    if (verified !== undefined) {
      if (service.changedIssuers.has(verified.issuer)) return notEvaluated('issuer_changed');
      // The credential was valid when the request was authorized.
      const untrusted = refuseUntrusted(candidate, name, { ...verified, expiresAt: Infinity });
      if (untrusted !== undefined) return resultOf(deny(untrusted.reason, untrusted.detail));
    }
    const again = service.protocol === undefined ? classification : classify(service.protocol, head);
    if (again.kind === 'deny') return resultOf(again);
    const decision = authorize({ operations: [], plan: undefined }, service.authorizers, again, verified);
    if (again.kind === 'in-body' && decision.kind === 'allow') return notEvaluated('body_not_read');
    return resultOf(decision);
  }

  return {
    known: (request) => {
      const key = keyOf(request);
      return key === undefined ? undefined : byCredential.get(request.verified ?? ANONYMOUS)?.get(key);
    },
    evaluate(request) {
      const result = decide(request);
      const key = keyOf(request);
      if (key === undefined) return result;
      cached += key.length + ENTRY_SIZE;
      if (cached > MAX_CACHED) {
        byCredential = new WeakMap();
        cached = 0;
      }
      const results = resultsOf(request);
      if (results.size >= MAX_RESULTS) results.clear();
      results.set(key, result);
      return result;
    },
  };
}

/** Requests without a credential. */
const ANONYMOUS = {};

function candidateService(
  service: Service,
  { active, candidate, authorizer }: { active: Config; candidate: Config; authorizer: Authorizer },
): CandidateService {
  const { name } = service;
  const next = candidate.services.find((each) => each.name === name);
  const unusable =
    next === undefined ? 'service_removed' : next.type === service.type ? undefined : 'service_type_changed';
  const changedIssuers = new Set(
    active.issuers
      .filter((issuer) => {
        const other = candidate.issuers.find((each) => each.name === issuer.name);
        return (
          other === undefined ||
          !isDeepStrictEqual(verificationOf(other), verificationOf(issuer)) ||
          !isDeepStrictEqual(next?.audiences ?? other.audiences, service.audiences ?? issuer.audiences)
        );
      })
      .map((issuer) => issuer.name),
  );
  if (unusable !== undefined || next === undefined) return { ...UNUSABLE, unusable, changedIssuers };
  return {
    authorizers: { authorize: authorizer.forService(name), authorizeUnknown: authorizer.forUnknown(name) },
    protocol: otherOperations(service, next, candidate),
    unusable,
    changedIssuers,
  };
}

/** Settings that decide which tokens are valid. Files are compared by presence: their paths differ by folder. */
function verificationOf(issuer: Config['issuers'][number]): readonly unknown[] {
  const { type, issuer: url, jwksUri, jwksFile, algorithms, tokenTypes, maxTokenLifetime } = issuer;
  const ofTokens = [type, url, jwksUri, jwksFile !== undefined, algorithms, tokenTypes, maxTokenLifetime];
  return [...ofTokens, issuer.replay, issuer.apiUrl, issuer.projects, issuer.deployTokens?.probe];
}

const REFUSED = deny('no_service', 'the candidate has no such service');
const UNUSABLE = {
  authorizers: { authorize: () => REFUSED, authorizeUnknown: () => REFUSED },
  protocol: undefined,
};

/** The operations of an `http` service are a part of the policy; the route remains the active one. */
function otherOperations(service: Service, next: Service, candidate: Config): Protocol | undefined {
  if (service.type !== 'http' || next.type !== 'http') return undefined;
  if (isDeepStrictEqual(service.operations, next.operations)) return undefined;
  return compileProtocol(candidate, { ...service, operations: next.operations }, { http: httpProtocol });
}

function resultOf(decision: Decision): CandidateDifference {
  const outcome = outcomeOf(decision) ?? 'not_evaluated';
  if (decision.kind !== 'allow') return { outcome, reason: decision.reason };
  const { basis, relaxed } = decision;
  return { outcome, reason: relaxed?.reason ?? basisReason(basis) };
}

function notEvaluated(reason: string): CandidateDifference {
  return { outcome: 'not_evaluated', reason };
}

/** Undefined: the request is evaluated each time. */
function keyOf({ service, classification, head }: EndedRequest): string | undefined {
  if (classification === undefined) return undefined;
  const operations = operationsKey(classification);
  return operations === undefined
    ? undefined
    : `${service} ${head.webSocket === true ? 'websocket' : head.method} ${operations}`;
}

function operationsKey(classification: Classified): string | undefined {
  switch (classification.kind) {
    case 'operations':
      return listKey(classification);
    case 'in-body':
    case 'unknown':
    case 'never-forwarded':
      return undefined;
    default:
      return classification satisfies never;
  }
}

function listKey({ operations, otherwise }: RequestedOperations): string | undefined {
  const [only] = operations;
  if (otherwise !== undefined || operations.length !== 1 || only === undefined) return undefined;
  return `${only.scope} ${only.extent} ${only.resource}`;
}
