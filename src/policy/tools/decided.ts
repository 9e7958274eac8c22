import type { ExpectedDecision } from '../../core/policy-test.ts';
import { REASONS, type Reason } from '../../core/reasons.ts';
import type { Explanation } from '../explain/explanation.ts';

/** What the gateway decides on a request, with the explanation if policy decided it. */
export type Evaluation =
  | {
      readonly kind: 'refused';
      readonly stage: string;
      readonly refusal: { readonly reason: Reason; readonly detail: string };
    }
  | { readonly kind: 'explained'; readonly explanation: Explanation; readonly inBody: boolean };

/** The decision of an evaluation, as in enforce mode: a policy test passes or fails alike in both modes. */
export type PolicyDecision =
  | { readonly kind: 'allow'; readonly identity: string | undefined }
  | {
      readonly kind: 'deny' | 'unable';
      readonly reason: Reason;
      readonly detail: string;
      readonly identity: string | undefined;
    }
  /** One of the possible operations is allowed; the body determines which one is requested. */
  | { readonly kind: 'in-body' };

export function decisionOf(evaluation: Evaluation): PolicyDecision {
  if (evaluation.kind === 'refused') {
    const { refusal } = evaluation;
    const kind = REASONS[refusal.reason].status === 503 ? 'unable' : 'deny';
    return { kind, ...refusal, identity: undefined };
  }
  const { verdict } = evaluation.explanation;
  if (verdict.kind !== 'allow') return verdict;
  if (evaluation.inBody) return { kind: 'in-body' };
  const { identity } = verdict;
  if (verdict.basis === 'shadow' && verdict.relaxed !== undefined)
    return { kind: 'deny', ...verdict.relaxed, identity };
  return { kind: 'allow', identity };
}

/** Refusals that a mistake in the test causes as easily: a test must name them, or a wrong URL would pass it. */
const NAMED_ONLY: ReadonlySet<Reason> = new Set([
  'no_service',
  'operation_unknown',
  'path_ambiguous',
  'request_malformed',
]);

/** Whether a decision is the expected one. */
export function meets(expected: ExpectedDecision, actual: PolicyDecision): boolean {
  if (expected.kind === 'allow' || actual.kind === 'allow' || actual.kind === 'in-body')
    return expected.kind === 'allow' && actual.kind === 'allow';
  if (expected.kind !== actual.kind) return false;
  return expected.reasons.length === 0
    ? !NAMED_ONLY.has(actual.reason)
    : expected.reasons.includes(actual.reason);
}

export function formatExpected(expected: ExpectedDecision): string {
  if (expected.kind === 'allow') return 'allow';
  return expected.reasons.length === 0 ? expected.kind : `${expected.kind}: ${expected.reasons.join(' or ')}`;
}

export function formatDecision(decision: PolicyDecision): string {
  switch (decision.kind) {
    case 'allow':
      return `allow${decision.identity === undefined ? '' : ` as ${decision.identity}`}`;
    case 'in-body':
      return 'undecided: the operation depends on the body; add `body` to the test, or test the grant with `can`';
    case 'deny':
    case 'unable': {
      const identity = decision.identity === undefined ? '' : ` as ${decision.identity}`;
      const named = NAMED_ONLY.has(decision.reason) ? '; a test for this refusal names the reason' : '';
      return `${decision.kind}${identity}: ${decision.reason} (${decision.detail})${named}`;
    }
    default:
      return decision satisfies never;
  }
}
