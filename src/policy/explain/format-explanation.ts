import { isExact } from '../../core/credentials/claims.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type { Operation } from '../../core/request/operation.ts';
import type {
  Explanation,
  GrantTrace,
  IdentityTrace,
  ResourceTrace,
  ExplainedDecision,
} from './explanation.ts';
import type { GrantOrigin } from '../compile/grant.ts';
import type { AllowlistVerdict } from '../compile/job-token-allowlist.ts';
import type { Mismatch } from '../compile/identity.ts';

/** Formats an explanation as text. `+` marks matches, `-` marks mismatches. */
export function formatExplanation(explanation: Explanation): string {
  const { service, mode, credential, identities, operations, verdict } = explanation;
  const presented =
    credential === undefined
      ? 'none'
      : `${credential.class} of ${credential.issuer === DEPLOY_TOKENS ? 'the configuration' : credential.issuer}, subject ${printable(credential.subject)}`;
  const lines = [
    ...align([
      ['service', `${service} (${mode})`],
      ['credential', presented],
      ['decision', formatVerdict(verdict)],
    ]),
    ...(credential === undefined ? [] : ['', 'identities', ...formatIdentities(identities)]),
    ...operations.flatMap(({ operation, granted, grants, allowlist }) => [
      '',
      `${mark(granted)} ${formatOperation(operation)}`,
      ...(grants.length === 0 ? [`    ${noGrant(explanation)}`] : grants.flatMap(formatGrant)),
      ...(allowlist === undefined ? [] : [`    ${formatAllowlist(allowlist)}`]),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function noGrant({ credential, identities }: Explanation): string {
  const matched = identities.some(({ outcome }) => outcome === 'matched');
  return credential === undefined || matched
    ? 'no grant on this service'
    : 'no grant: grants apply to the identity that matches';
}

function formatIdentities(identities: readonly IdentityTrace[]): string[] {
  if (identities.length === 0) return ['  no identity of this issuer'];
  const rows = identities.map((trace) => [
    `${mark(trace.outcome === 'matched')} ${trace.identity}`,
    trace.outcome === 'matched' ? 'matches' : formatMismatch(trace.mismatch),
  ]);
  return indent(2, align(rows));
}

function formatMismatch(mismatch: Mismatch): string {
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

function formatOperation({ scope, resource, extent }: Operation): string {
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

function formatGrant({ origin, outcome, scopes, resources }: GrantTrace): string[] {
  const header = `${mark(outcome === 'hit')} ${formatOrigin(origin)}: ${scopes.join(', ')}`;
  switch (outcome) {
    case 'scope_differs':
      return [`    ${header}  (other scopes)`];
    case 'hit':
    case 'resource_differs':
      return [`    ${header}`, ...indent(6, align(resources.map(formatResource)))];
    default:
      return outcome satisfies never;
  }
}

function formatAllowlist(verdict: AllowlistVerdict): string {
  switch (verdict.kind) {
    case 'open':
      return verdict.entry === undefined
        ? '+ job token allowlist: the project of the job'
        : `+ job token allowlist of ${verdict.entry.target}: entry ${verdict.entry.index + 1}`;
    case 'refused':
      return verdict.target === undefined
        ? '- job token allowlist: no target project has this resource'
        : `- job token allowlist of ${verdict.target} does not include the project of the job`;
    default:
      return verdict satisfies never;
  }
}

function formatOrigin(origin: GrantOrigin): string {
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

function formatResource(resource: ResourceTrace): string[] {
  switch (resource.kind) {
    case 'unusable':
      return [`- ${resource.template}`, `matches nothing: claim ${resource.claim} ${resource.why}`];
    case 'pattern': {
      const expanded =
        resource.pattern === resource.template ? '' : ` (expanded: ${printable(resource.pattern)})`;
      const verdict = resource.matches ? 'matches' : 'does not match';
      return [`${mark(resource.matches)} ${resource.template}`, `${verdict}${expanded}`];
    }
    default:
      return resource satisfies never;
  }
}

function formatVerdict(verdict: ExplainedDecision): string {
  const identity = verdict.identity === undefined ? '' : ` as ${verdict.identity}`;
  if (verdict.kind !== 'allow') return `${verdict.kind}${identity}: ${verdict.reason} (${verdict.detail})`;
  if (verdict.basis !== 'shadow') return `allow${identity} (${verdict.basis})`;
  const relaxed =
    verdict.relaxed === undefined ? '' : `: ${verdict.relaxed.reason} (${verdict.relaxed.detail})`;
  return `allow${identity} in shadow mode only; enforce mode denies it${relaxed}`;
}

function mark(holds: boolean): string {
  return holds ? '+' : '-';
}

function indent(width: number, lines: readonly string[]): string[] {
  return lines.map((line) => ' '.repeat(width) + line);
}

function align(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', second = '']) => `${first.padEnd(width)}  ${second}`);
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
