import { isExact } from '../../core/credentials/claims.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type {
  ExplanationView,
  GrantTraceView,
  IdentityView,
  OperationView,
} from '../../core/records/explanation-view.ts';
import type { Operation } from '../../core/request/operation.ts';
import type {
  Explanation,
  GrantTrace,
  IdentityTrace,
  LimitTrace,
  OperationTrace,
  ResourceTrace,
} from './explanation.ts';
import type { GrantOrigin } from '../compile/grant.ts';
import type { AllowlistVerdict } from '../compile/job-token-allowlist.ts';
import type { Mismatch } from '../compile/identity.ts';

/** Puts an explanation into words. */
export function viewExplanation(explanation: Explanation): ExplanationView {
  const { service, mode, credential, identities, operations, verdict, limits = [], unnamed } = explanation;
  return {
    service,
    mode,
    credential: credential && viewCredential(credential),
    verdict,
    identities: identities.map(viewIdentity),
    operations: operations.map((trace) => viewOperation(trace, noGrant(explanation))),
    limits: limits.map(textOfLimit),
    unnamed: unnamed?.detail,
  };
}

function textOfLimit({ setting, requestsPerSecond, concurrent }: LimitTrace): string {
  const parts = [
    ...(requestsPerSecond === undefined ? [] : [`${requestsPerSecond} per second`]),
    ...(concurrent === undefined ? [] : [`${concurrent} at a time`]),
  ];
  return `${setting}: ${parts.join(', ')}`;
}

function viewCredential({ class: kind, issuer, subject }: NonNullable<Explanation['credential']>): string {
  const origin = `${kind} of ${issuer === DEPLOY_TOKENS ? 'the configuration' : issuer}`;
  // Claims without a token can lack "sub".
  return subject === '' ? origin : `${origin}, subject ${printable(subject)}`;
}

function viewIdentity(trace: IdentityTrace): IdentityView {
  return trace.outcome === 'matched'
    ? { name: trace.identity, matches: true, text: 'matches' }
    : { name: trace.identity, matches: false, text: textOfMismatch(trace.mismatch) };
}

function viewOperation(
  { operation, granted, grants, allowlist }: OperationTrace,
  without: string,
): OperationView {
  return {
    text: textOfOperation(operation),
    granted,
    grants: grants.map(viewGrant),
    noGrant: without,
    allowlist: allowlist && { open: allowlist.kind === 'open', text: textOfAllowlist(allowlist) },
  };
}

function viewGrant({ origin, outcome, scopes, resources }: GrantTrace): GrantTraceView {
  const otherScopes = outcome === 'scope_differs';
  return {
    text: `${textOfOrigin(origin)}: ${scopes.join(', ')}`,
    matches: outcome === 'hit',
    otherScopes,
    resources: otherScopes ? [] : resources.map(viewResource),
  };
}

function viewResource(resource: ResourceTrace): GrantTraceView['resources'][number] {
  switch (resource.kind) {
    case 'unusable': {
      const { template, claim, why } = resource;
      return { pattern: template, matches: false, text: `matches nothing: claim ${claim} ${why}` };
    }
    case 'pattern': {
      const { template, pattern, matches } = resource;
      const expanded = pattern === template ? '' : ` (expanded: ${printable(pattern)})`;
      return { pattern: template, matches, text: `${matches ? 'matches' : 'does not match'}${expanded}` };
    }
    default:
      return resource satisfies never;
  }
}

function noGrant({ credential, identities }: Explanation): string {
  const matched = identities.some(({ outcome }) => outcome === 'matched');
  return credential === undefined || matched
    ? 'no grant on this service'
    : 'no grant: grants apply to the identity that matches';
}

function textOfMismatch(mismatch: Mismatch): string {
  switch (mismatch.kind) {
    case 'class':
      return `accepts ${mismatch.expected.join(', ')}, not ${mismatch.actual}`;
    case 'guard':
      return `${mismatch.claim} is ${printable(mismatch.actual)}: ${mismatch.why}`;
    case 'condition': {
      const expected = mismatch.expected.map(printable).join(', ');
      const { actual } = mismatch;
      const found = actual === undefined ? 'is missing' : `is ${printable(actual)}`;
      const inexact =
        typeof actual === 'number' && !isExact(actual) ? ', not an integer within ±(2^53 − 1)' : '';
      return `${mismatch.claim} ${mismatch.operator} ${expected}: the claim ${found}${inexact}`;
    }
    default:
      return mismatch satisfies never;
  }
}

function textOfOperation({ scope, resource, extent }: Operation): string {
  switch (extent) {
    case 'one':
      return `${scope} on ${printable(resource)}`;
    case 'any':
      return `${scope} on any resource`;
    case 'every':
      return `${scope} on all resources`;
    default:
      return extent satisfies never;
  }
}

function textOfAllowlist(verdict: AllowlistVerdict): string {
  switch (verdict.kind) {
    case 'open':
      return verdict.entry === undefined
        ? 'job token allowlist: the project of the job'
        : `job token allowlist of ${verdict.entry.target}: entry ${verdict.entry.index + 1}`;
    case 'refused':
      return verdict.target === undefined
        ? 'job token allowlist: no target project has this resource'
        : `job token allowlist of ${verdict.target} does not include the project of the job`;
    default:
      return verdict satisfies never;
  }
}

function textOfOrigin(origin: GrantOrigin): string {
  switch (origin.kind) {
    case 'role':
      return `role ${origin.role}`;
    case 'identity':
      return 'grants of the identity';
    case 'anonymous':
      return 'anonymous';
    default:
      return origin satisfies never;
  }
}

/**
 * A token value as JSON text, without control and format characters that could change the terminal's output.
 */
function printable(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
