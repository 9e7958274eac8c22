import { outcomeOf, POLICY_DENIALS } from '../../policy/index.ts';
import type { CandidateDifference, CandidateEvaluation, EndedRequest } from '../../core/candidate.ts';
import type { CandidateMeter } from '../../core/operation/meter.ts';
import type { Log } from '../../core/ports.ts';
import type { CandidatePolicy } from './candidate-policy.ts';

/** Requests that wait for their evaluation; more are recorded without one, and counted. */
const MAX_WAITING = 1_000;

/** Milliseconds of evaluation before other events of the process are handled. */
const SLICE = 1;

/** Denials that the candidate can decide otherwise. The limits of a minted token are known. */
const COMPARED: ReadonlySet<string> = new Set([...POLICY_DENIALS, 'insufficient_scope']);

/** Evaluates ended requests: at once if the result is cached, else from a bounded queue. */
export function createCandidateEvaluation(
  policy: () => CandidatePolicy | undefined,
  { meter, log }: { readonly meter: CandidateMeter; readonly log: Log },
): CandidateEvaluation {
  let waiting: { readonly request: EndedRequest; readonly record: () => void }[] = [];
  let reported: CandidatePolicy | undefined;

  function compare(request: EndedRequest, result: CandidateDifference): void {
    const { decision, service } = request;
    const from = decision && outcomeOf(decision);
    if (from === undefined || from === result.outcome) return;
    request.candidate = result;
    meter.differs(from, result.outcome, service);
  }

  /** A candidate that throws has no other effect than a log line. */
  function attempt(current: CandidatePolicy, action: () => void): void {
    try {
      action();
    } catch (error) {
      meter.skipped();
      if (reported === current) return;
      reported = current;
      log.error('the candidate policy failed', { error: error instanceof Error ? error.name : typeof error });
    }
  }

  function drain(): void {
    const batch = waiting;
    waiting = [];
    const began = performance.now();
    for (const [index, { request, record }] of batch.entries()) {
      const current = policy();
      if (current !== undefined) attempt(current, () => compare(request, current.evaluate(request)));
      record();
      if (performance.now() - began < SLICE || index === batch.length - 1) continue;
      waiting = [...batch.slice(index + 1), ...waiting];
      break;
    }
    if (waiting.length > 0) setImmediate(drain);
  }

  return {
    ended(request, record) {
      const current = policy();
      if (current === undefined || !isCompared(request)) return record();
      let known: CandidateDifference | undefined;
      attempt(current, () => (known = current.known(request)));
      if (known !== undefined) {
        compare(request, known);
        return record();
      }
      if (waiting.length >= MAX_WAITING) {
        meter.skipped();
        return record();
      }
      waiting.push({ request, record });
      if (waiting.length === 1) setImmediate(drain);
    },
  };
}

/** Whether policy decided the request. */
function isCompared({ classification, decision }: EndedRequest): boolean {
  if (classification === undefined || decision === undefined) return false;
  return decision.kind === 'allow' || (decision.kind === 'deny' && COMPARED.has(decision.reason));
}
