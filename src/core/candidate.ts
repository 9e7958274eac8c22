import type { Decision } from './decision.ts';
import type { VerifiedCredential } from './credentials/credential.ts';
import type { Classification } from './request/protocol.ts';
import type { RequestHead } from './request/request-head.ts';

/** The effect of the candidate policy on a request. `shadow`: denied, and the mode of the service lets it pass. */
export type CandidateOutcome = 'allow' | 'shadow' | 'deny' | 'not_evaluated';

/** The outcome of the candidate policy, where it differs from that of the active policy. */
export interface CandidateDifference {
  readonly outcome: CandidateOutcome;
  /** The reason of the new outcome, or why it cannot be determined. */
  readonly reason: string;
}

/** A request whose response has ended. */
export interface EndedRequest {
  readonly service: string | undefined;
  readonly head: RequestHead;
  /** Undefined: the request was refused before. */
  readonly classification: Exclude<Classification, { kind: 'deny' }> | undefined;
  readonly verified: VerifiedCredential | undefined;
  readonly decision: Decision | undefined;
  candidate: CandidateDifference | undefined;
}

/** Evaluates the candidate policy for requests that have ended. It cannot influence a response. */
export interface CandidateEvaluation {
  /** Sets `candidate`, and calls `record` exactly once, now or later. Never throws. */
  ended(request: EndedRequest, record: () => void): void;
}
