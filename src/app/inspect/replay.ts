import {
  createAuthorizer,
  createFindUnrecorded,
  outcomeOf,
  recordedOutcome,
  type PolicyOutcome,
  type RecordedRequest,
} from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { basisReason, deny, type Decision } from '../../core/decision.ts';
import type { ServicePipeline } from '../../gateway/index.ts';
import { refuseUntrusted } from './assumed-credential.ts';
import { evaluateRecorded, operationKey } from './recorded-evaluation.ts';

/** A recorded request under the configuration. */
export type ReplayedRequest =
  | { readonly kind: 'same' }
  | {
      readonly kind: 'flip';
      readonly from: PolicyOutcome;
      readonly to: PolicyOutcome;
      /** Of the new outcome: `granted`, `anonymous`, or the reason of the denial. */
      readonly reason: string;
      readonly detail: string | undefined;
      /** The identity that the policy matches now. */
      readonly identity: string | undefined;
    }
  | { readonly kind: 'not-evaluated'; readonly detail: string };

export type Replay = (request: RecordedRequest) => ReplayedRequest;

type Verdict =
  | { readonly kind: 'decided'; readonly outcome: PolicyOutcome; readonly decision: Decision }
  | { readonly kind: 'not-evaluated'; readonly detail: string };

/** Entries of the caches. An audit log of any length is evaluated in constant memory. */
const MAX_VERDICTS = 50_000;
const MAX_CREDENTIALS = 10_000;

/**
 * Evaluates recorded requests with the authorizer, without a connection. The results are cached by credential, service
 * and operations. For `http` services the operations are determined again, because the configuration defines them.
 * `recordedWith`: the configuration of the recording gateway, whose claims the events contain if the tokens have them.
 */
export function createReplay(
  config: Config,
  pipelines: readonly ServicePipeline[],
  recordedWith?: Config,
): Replay {
  const services = new Map(config.services.map((service) => [service.name, service]));
  const pipelineOf = new Map(pipelines.map((pipeline) => [pipeline.name, pipeline]));
  const findUnrecorded = createFindUnrecorded(config);
  const recordedClaims = new Set(recordedWith && createAuthorizer(recordedWith).claimsUsed);
  const credentials = new Map<string, VerifiedCredential>();
  const ids = new Map<VerifiedCredential | undefined, number>([[undefined, 0]]);
  const verdicts = new Map<string, Verdict>();
  let nextId = 1;

  function forget(): void {
    credentials.clear();
    ids.clear();
    ids.set(undefined, 0);
    verdicts.clear();
  }

  /** One object for equal credentials, so that the caches of the authorizer apply to all of them. */
  function shared({ credential, claimNames }: RecordedRequest): VerifiedCredential | undefined {
    if (credential === undefined) return undefined;
    for (const claim of claimNames) {
      if (recordedClaims.has(claim) || recordedClaims.size >= MAX_CLAIMS) continue;
      recordedClaims.add(claim);
      verdicts.clear();
    }
    const key = keyOf(credential);
    const known = credentials.get(key);
    if (known !== undefined) return known;
    credentials.set(key, credential);
    ids.set(credential, nextId++);
    return credential;
  }

  function decide(request: RecordedRequest, credential: VerifiedCredential | undefined): Verdict {
    const { service = '', serviceType } = request;
    const settings = services.get(service);
    const pipeline = pipelineOf.get(service);
    if (settings === undefined || pipeline === undefined)
      return notEvaluated(`the configuration has no service "${service}"`);
    if (serviceType !== undefined && settings.type !== serviceType)
      return notEvaluated(`service "${service}" has type ${settings.type}, and had type ${serviceType}`);
    const untrusted = credential && refuseUntrusted(config, service, credential);
    const decision =
      untrusted === undefined
        ? evaluateRecorded(request, credential, pipeline)
        : deny(untrusted.reason, untrusted.detail);
    if (decision === undefined) return notEvaluated('the path of the request is not valid');
    const outcome = outcomeOf(decision);
    if (outcome === undefined) return notEvaluated('the policy cannot decide');
    const identity = decision.kind === 'unable' ? undefined : decision.caller?.identity;
    const recorded = (claim: string): boolean => !request.claimsOmitted && recordedClaims.has(claim);
    const unrecorded = credential && findUnrecorded(credential, service, identity, recorded);
    if (unrecorded !== undefined) return notEvaluated(`the events do not contain the claim "${unrecorded}"`);
    if (decision.kind === 'deny' && decision.reason === 'insufficient_scope')
      return notEvaluated('the limits of minted tokens are not recorded');
    if (outcome === 'allow' && request.operationsCut)
      return notEvaluated('the event contains the first operations only');
    return { kind: 'decided', outcome, decision };
  }

  return (request) => {
    const recorded = recordedOutcome(request);
    if (recorded.kind === 'undecided') return { kind: 'not-evaluated', detail: recorded.detail };
    if (verdicts.size > MAX_VERDICTS || credentials.size > MAX_CREDENTIALS) forget();
    const credential = shared(request);
    const key = `${ids.get(credential) ?? ''} ${operationKey(request)}`;
    let verdict = verdicts.get(key);
    if (verdict === undefined) {
      verdict = decide(request, credential);
      verdicts.set(key, verdict);
    }
    if (verdict.kind === 'not-evaluated') return verdict;
    if (verdict.outcome === recorded.outcome) return SAME;
    return { kind: 'flip', from: recorded.outcome, to: verdict.outcome, ...describe(verdict.decision) };
  };
}

const SAME: ReplayedRequest = { kind: 'same' };

/** Names of claims. More than any policy refers to. */
const MAX_CLAIMS = 10_000;

function notEvaluated(detail: string): { readonly kind: 'not-evaluated'; readonly detail: string } {
  return { kind: 'not-evaluated', detail };
}

function keyOf({ class: kind, issuer, claims, minted }: VerifiedCredential): string {
  if (minted === undefined) return `${kind} ${issuer} ${JSON.stringify(claims)}`;
  const { identity, source, limits } = minted;
  const scopes = limits.kind === 'scopes' ? [...limits.scopes] : [];
  return `${kind} ${issuer} ${JSON.stringify([identity, source.class, scopes, claims])}`;
}

function describe(decision: Decision): {
  readonly reason: string;
  readonly detail: string | undefined;
  readonly identity: string | undefined;
} {
  switch (decision.kind) {
    case 'allow': {
      const { basis, caller, relaxed } = decision;
      const reason = relaxed?.reason ?? basisReason(basis);
      return { reason, detail: relaxed?.detail, identity: caller?.identity };
    }
    case 'deny':
      return { reason: decision.reason, detail: decision.detail, identity: decision.caller?.identity };
    case 'unable':
      return { reason: decision.reason, detail: decision.detail, identity: undefined };
    default:
      return decision satisfies never;
  }
}
