import { callerOf, type RequestContext } from '../request-context.ts';
import type { StepOutcome } from './step.ts';

/**
 * Refuses the token of a job or pod that has ended, synchronously where the result is cached. After policy and revocations,
 * so that a token which they refuse causes no request to an issuer. A transfer that has begun is not checked again.
 */
export function requireRunningJob({
  routed: { refuseEnded },
  verified,
  presented,
  decision,
}: RequestContext): StepOutcome | Promise<StepOutcome> {
  if (refuseEnded === undefined || verified === undefined || presented === undefined) return undefined;
  return refuseEnded(verified, presented.token, decision && callerOf(decision));
}
