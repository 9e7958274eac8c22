import type { Claims, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Allow, Decision, Deny } from '../../core/decision.ts';
import type { ExplainedDecision } from '../../core/records/explanation-view.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Reason } from '../../core/reasons.ts';
import type { Explanation, GrantTrace, IdentityTrace, ResourceTrace } from './explanation.ts';
import type { CompiledGrant } from '../compile/grant.ts';
import { mismatch } from '../compile/identity.ts';
import type { CompiledIdentity } from '../compile/identity.ts';
import { ownProjectNames } from '../evaluate/own-project.ts';
import { covers, expandGrants } from '../evaluate/permissions.ts';
import type { CompiledService, Policy } from '../compile/policy.ts';

/** A request to explain: a credential and operations on a service. */
export interface ExplainedRequest {
  readonly service: string;
  readonly credential?: VerifiedCredential | undefined;
  readonly operations: readonly Operation[];
}

/** Traces the tried identities, and every grant for every operation. */
export function explainDecision(
  service: CompiledService,
  { identities, allowlist }: Pick<Policy, 'identities' | 'allowlist'>,
  question: ExplainedRequest,
  decision: Decision,
): Explanation {
  const { credential, operations } = question;
  const { traces, matched } = traceIdentities(identities, credential);
  const grants = matched?.grants.filter((grant) => grant.service === service.name) ?? [];
  const claims = credential?.claims ?? {};
  const pathClaims = matched?.pathClaims ?? [];
  const synonyms = ownProjectNames(service.type, claims, pathClaims);
  const checkAllowlist = credential && matched && allowlist.evaluate(service.type, credential);
  const tracers: GrantTracer[] = [
    ...grants.map((grant) => grantTracer(grant, pathClaims, claims, synonyms)),
    ...service.anonymous.map((grant) => grantTracer(grant, [], {}, (operation) => [operation])),
  ];
  return {
    service: service.name,
    mode: service.mode,
    credential: credential && {
      class: credential.class,
      issuer: credential.issuer,
      subject: credential.subject,
    },
    identities: traces,
    operations: operations.map((operation) => {
      const traced = tracers.map((trace) => trace(operation));
      const granted = traced.some(({ outcome }) => outcome === 'hit');
      if (checkAllowlist === undefined || operation.extent !== 'one')
        return { operation, granted, grants: traced };
      return { operation, granted, grants: traced, allowlist: checkAllowlist(operation.resource) };
    }),
    verdict: verdictOf(decision),
  };
}

function traceIdentities(
  identities: readonly CompiledIdentity[],
  credential: VerifiedCredential | undefined,
): { traces: IdentityTrace[]; matched: CompiledIdentity | undefined } {
  const traces: IdentityTrace[] = [];
  if (credential === undefined) return { traces, matched: undefined };
  const { minted } = credential;
  for (const identity of candidatesFor(identities, credential)) {
    const failed = mismatch(identity, credential);
    const isOwn = minted === undefined || minted.identity === identity.name;
    if (failed !== undefined) {
      traces.push({ identity: identity.name, outcome: 'failed', mismatch: failed });
    } else if (isOwn) {
      traces.push({ identity: identity.name, outcome: 'matched' });
      return { traces, matched: identity };
    }
  }
  return { traces, matched: undefined };
}

/**
 * A minted token can match only the identity that its source matched. The identities before that one are the reason
 * for the choice. Other credentials match none with `onRequest`.
 */
function candidatesFor(
  identities: readonly CompiledIdentity[],
  { issuer, minted }: VerifiedCredential,
): readonly CompiledIdentity[] {
  const named = identities.filter((each) => each.issuer === issuer && !each.onRequest);
  if (minted === undefined) return named;
  const own = identities.find((each) => each.issuer === issuer && each.name === minted.identity);
  if (own === undefined) return [];
  return own.onRequest ? [own] : named.slice(0, named.indexOf(own) + 1);
}

type GrantTracer = (operation: Operation) => GrantTrace;

/** Evaluates each resource pattern with the same `covers` as requests, under all names of the resource. */
function grantTracer(
  grant: CompiledGrant,
  pathClaims: readonly string[],
  claims: Claims,
  synonyms: ReturnType<typeof ownProjectNames>,
): GrantTracer {
  return (operation) => {
    const resources = grant.resources.map((template): ResourceTrace => {
      const expansion = template.expand(claims, pathClaims);
      if (expansion.kind === 'invalid') {
        const { claim, detail } = expansion;
        return { kind: 'unusable', claim, why: detail, template: template.source };
      }
      const single = { ...grant, scopes: [operation.scope], resources: [template] };
      const permissions = expandGrants([single], claims, pathClaims);
      return {
        kind: 'pattern',
        template: template.source,
        pattern: expansion.display,
        matches: synonyms(operation).some((synonym) => covers(permissions, synonym)),
      };
    });
    const hasScope = grant.scopes.includes(operation.scope);
    const matches = resources.some((resource) => resource.kind === 'pattern' && resource.matches);
    return {
      origin: grant.origin,
      index: grant.index,
      outcome: !hasScope ? 'scope_differs' : matches ? 'hit' : 'resource_differs',
      scopes: grant.scopes,
      resources,
    };
  };
}

/** Omits the caller's credential, because explanations are printed to terminals and copied to tickets. */
function verdictOf(decision: Decision): ExplainedDecision {
  switch (decision.kind) {
    case 'allow':
      return allowVerdict(decision);
    case 'deny':
      return { kind: 'deny', ...reasonOf(decision), identity: decision.caller?.identity };
    case 'unable':
      return { kind: 'unable', reason: decision.reason, detail: decision.detail, identity: undefined };
    default:
      return decision satisfies never;
  }
}

function allowVerdict({ basis, caller, relaxed }: Allow): ExplainedDecision {
  const identity = caller?.identity;
  if (basis !== 'shadow') return { kind: 'allow', basis, identity };
  return { kind: 'allow', basis, identity, relaxed: relaxed && reasonOf(relaxed) };
}

function reasonOf({ reason, detail }: Deny): { reason: Reason; detail: string } {
  return { reason, detail };
}
