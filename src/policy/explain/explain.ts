import type { Claims, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Allow, Decision, Deny } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Reason } from '../../core/reasons.ts';
import type {
  Explanation,
  GrantTrace,
  IdentityTrace,
  ResourceTrace,
  ExplainedDecision,
} from './explanation.ts';
import type { CompiledGrant } from '../compile/grant.ts';
import { mismatch } from '../compile/identity.ts';
import type { CompiledIdentity } from '../compile/identity.ts';
import { ownProjectNames } from '../evaluate/own-project.ts';
import { covers, expandGrants } from '../evaluate/permissions.ts';
import type { CompiledService } from '../compile/policy.ts';

/** What an operator asks. */
export interface ExplainedRequest {
  readonly service: string;
  readonly credential?: VerifiedCredential | undefined;
  readonly operations: readonly Operation[];
}

export function explain(
  service: CompiledService,
  identities: readonly CompiledIdentity[],
  question: ExplainedRequest,
  decision: Decision,
): Explanation {
  const { credential, operations } = question;
  const { traces, matched } = traceIdentities(identities, credential);
  const grants = matched?.grants.filter((grant) => grant.service === service.name) ?? [];
  const claims = credential?.claims ?? {};
  const pathClaims = matched?.pathClaims ?? [];
  const named = ownProjectNames(service.type, claims, pathClaims);
  const looks: GrantLook[] = [
    ...grants.map((grant) => lookAt(grant, pathClaims, claims, named)),
    ...service.anonymous.map((grant) => lookAt(grant, [], {}, (operation) => [operation])),
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
      const traced = looks.map((look) => look(operation));
      return { operation, granted: traced.some(({ outcome }) => outcome === 'hit'), grants: traced };
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
  for (const identity of identities) {
    if (identity.issuer !== credential.issuer || !canBe(identity, credential)) continue;
    const failed = mismatch(identity, credential);
    if (failed === undefined) {
      traces.push({ identity: identity.name, outcome: 'matched' });
      return { traces, matched: identity };
    }
    traces.push({ identity: identity.name, outcome: 'failed', mismatch: failed });
  }
  return { traces, matched: undefined };
}

/** What was minted is for one identity; any other credential is never one that has to be asked for by name. */
function canBe({ name, onRequest }: CompiledIdentity, { minted }: VerifiedCredential): boolean {
  return minted === undefined ? !onRequest : minted.identity === name;
}

type GrantLook = (operation: Operation) => GrantTrace;

/** Each resource is judged by the same `covers` as requests are, by every name that it has to the caller. */
function lookAt(
  grant: CompiledGrant,
  pathClaims: readonly string[],
  claims: Claims,
  named: ReturnType<typeof ownProjectNames>,
): GrantLook {
  return (operation) => {
    const resources = grant.resources.map((template): ResourceTrace => {
      const expansion = template.expand(claims, pathClaims);
      if (expansion.kind === 'unusable') return { ...expansion, template: template.source };
      const alone = { ...grant, scopes: [operation.scope], resources: [template] };
      const held = expandGrants([alone], claims, pathClaims);
      return {
        kind: 'pattern',
        template: template.source,
        pattern: expansion.shown,
        matches: named(operation).some((name) => covers(held, name)),
      };
    });
    const held = grant.scopes.includes(operation.scope);
    const matches = resources.some((resource) => resource.kind === 'pattern' && resource.matches);
    return {
      origin: grant.origin,
      outcome: !held ? 'scope_differs' : matches ? 'hit' : 'resource_differs',
      scopes: grant.scopes,
      resources,
    };
  };
}

/** Without the credential that a caller holds: an explanation goes to terminals and tickets. */
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
