import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type {
  ExplainedDecision,
  GrantTraceView,
  OperationView,
} from '../../core/records/explanation-view.ts';
import type { Explanation } from './explanation.ts';
import { viewExplanation } from './view-explanation.ts';

/** Formats an explanation as text. `+` marks matches, `-` marks mismatches. */
export function formatExplanation(explanation: Explanation): string {
  const { service, mode, credential, verdict, identities, operations, limits, unnamed } =
    viewExplanation(explanation);
  const rows = identities.map(({ name, matches, text: why }) => [`${mark(matches)} ${name}`, why]);
  const none =
    explanation.credential?.issuer === DEPLOY_TOKENS
      ? 'no deploy token of this name'
      : 'no identity of this issuer';
  const listed = rows.length === 0 ? [`  ${none}`] : indent(2, align(rows));
  const lines = [
    ...align([
      ['service', `${service} (${mode})`],
      ['credential', credential ?? 'none'],
      ['decision', formatVerdict(verdict)],
      ...(limits.length === 0 ? [] : [['limits', limits.join('; ')]]),
    ]),
    ...(credential === undefined ? [] : ['', 'identities', ...listed]),
    ...operations.flatMap(formatOperation),
    ...(unnamed === undefined ? [] : ['', `A grant on all resources is necessary: ${unnamed}.`]),
  ];
  return `${lines.join('\n')}\n`;
}

function formatVerdict(verdict: ExplainedDecision): string {
  const identity = verdict.identity === undefined ? '' : ` as ${verdict.identity}`;
  if (verdict.kind !== 'allow') return `${verdict.kind}${identity}: ${verdict.reason} (${verdict.detail})`;
  if (verdict.basis !== 'shadow') return `allow${identity} (${verdict.basis})`;
  const relaxed =
    verdict.relaxed === undefined ? '' : `: ${verdict.relaxed.reason} (${verdict.relaxed.detail})`;
  return `allow${identity} in shadow mode only; enforce mode denies it${relaxed}`;
}

function formatOperation({ text, granted, grants, noGrant, allowlist }: OperationView): string[] {
  return [
    '',
    `${mark(granted)} ${text}`,
    ...(grants.length === 0 ? [`    ${noGrant}`] : grants.flatMap(formatGrant)),
    ...(allowlist === undefined ? [] : [`    ${mark(allowlist.open)} ${allowlist.text}`]),
  ];
}

function formatGrant({ text, matches, otherScopes, resources }: GrantTraceView): string[] {
  const header = `    ${mark(matches)} ${text}`;
  if (otherScopes) return [`${header}  (other scopes)`];
  const rows = resources.map((each) => [`${mark(each.matches)} ${each.pattern}`, each.text]);
  return [header, ...indent(6, align(rows))];
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
