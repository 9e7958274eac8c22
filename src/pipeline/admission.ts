import type { PresentedCredential, VerifiedCredential } from '../contract/credential.ts';
import type { Deny, Refusal } from '../contract/decision.ts';
import type { FailureLimits } from '../contract/failure-limits.ts';
import type { Reason } from '../contract/reason.ts';
import type { ServiceLine } from './service-line.ts';

/** Verifies a credential and counts those who try secrets or send junk; synchronous where verification is. */
export type Admit = (
  authenticate: ServiceLine['authenticate'],
  presented: PresentedCredential | Deny,
  from: { readonly host: string; readonly address: string },
) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;

export function createAdmit(failures: FailureLimits): Admit {
  return function admit(authenticate, presented, { host, address }) {
    if ('kind' in presented) return slowed(presented, failures, undefined, address);
    // Asked only where checking costs somebody else something.
    const asksOthers = presented.class === 'job_token' || presented.class === 'deploy_token';
    const suspect = asksOthers && failures.suspects(address);
    const verified = authenticate(presented, host, suspect);
    return verified instanceof Promise
      ? verified.then((result) => slowed(result, failures, presented, address))
      : slowed(verified, failures, presented, address);
  };
}

/** After verification has failed, never before: a valid credential works whatever others do. */
function slowed<T extends VerifiedCredential | Refusal>(
  result: T,
  failures: FailureLimits,
  presented: PresentedCredential | undefined,
  address: string,
): T | Refusal {
  if (!('kind' in result) || !GUESSES.has(result.reason)) return result;
  return failures.failed(address, presented) ?? result;
}

/** What somebody who tries secrets is told; a token that was good once is no guess. */
const GUESSES: ReadonlySet<Reason> = new Set<Reason>([
  'credential_invalid',
  'signature_invalid',
  'job_not_running',
]);
