import { formatExplanation } from '../explain/format-explanation.ts';
import { consideredRules, type ConsideredRule, type RulePath } from './rules.ts';
import type { PolicyTestCase, PolicyTestFailure } from './run-policy-tests.ts';

/** `file:line:column path` of a rule. */
export type LocateRule = (path: RulePath) => string;

export function formatCaseName({ test, caller }: PolicyTestCase): string {
  return `${test.name} (${caller})`;
}

/** A failed case: the position of the test, then each failure with the explanation and the positions of the rules. */
export function formatFailedCase(failed: PolicyTestCase, locate: LocateRule): string {
  const { file, line, column } = failed.test;
  const failures = failed.failures.map((failure) => formatFailure(failure, locate));
  return [`FAIL ${file}:${line}:${column}: ${formatCaseName(failed)}`, ...failures].join('\n');
}

export function formatFailure(failure: PolicyTestFailure, locate: LocateRule): string {
  const { subject, expected, actual, evaluation } = failure;
  const lines = [subject, `expected  ${expected}`, `actual    ${actual}`];
  if (evaluation.kind === 'refused') {
    lines.push(`refused at the step "${evaluation.stage}", before policy is evaluated`);
  } else {
    const { explanation } = evaluation;
    lines.push('', ...formatExplanation(explanation).trimEnd().split('\n'));
    const rules = rulesToShow(consideredRules(explanation));
    if (explanation.unnamed?.mediaType !== undefined) lines.push(NEXT_STEP);
    if (rules.length > 0) lines.push('', 'rules', ...rules.map((rule) => `  ${formatRule(rule, locate)}`));
  }
  return lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n');
}

const NEXT_STEP =
  'Add the Content-Type to `headers` and the body to `body`, or test the grant on one resource with `can`.';

function formatRule({ path, outcome }: ConsideredRule, locate: LocateRule): string {
  return `${outcome === 'used' ? '+' : '-'} ${locate(path)}`;
}

/** A policy can have thousands of identities; the explanation above lists them all. */
const MAX_RULES = 20;

function rulesToShow(rules: readonly ConsideredRule[]): readonly ConsideredRule[] {
  const unique = [...new Map(rules.map((rule) => [JSON.stringify(rule.path), rule])).values()];
  // The used rules first: the rest may be cut.
  return unique
    .toSorted((a, b) => Number(b.outcome === 'used') - Number(a.outcome === 'used'))
    .slice(0, MAX_RULES);
}
