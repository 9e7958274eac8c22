import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { Deny, Refusal } from '../core/decision.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { ClientFacts } from '../core/request/incoming.ts';
import type { Reason } from '../core/reasons.ts';
import type { ServicePipeline } from './service-pipeline.ts';

/** Verifies a credential and counts failed attempts; synchronous where verification is. */
export type RateLimitedVerify = (
  authenticate: ServicePipeline['authenticate'],
  presented: PresentedCredential | Deny,
  from: { readonly host: string; readonly client: ClientFacts },
) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;

export function createRateLimitedVerify(failures: FailureLimits): RateLimitedVerify {
  return function verifyCredential(authenticate, presented, { host, client }) {
    if ('kind' in presented) return slowed(presented, failures, undefined, client);
    const verified = authenticate(presented, host, client);
    return verified instanceof Promise
      ? verified.then((result) => slowed(result, failures, presented, client))
      : slowed(verified, failures, presented, client);
  };
}

/** After verification has failed, never before: a valid credential works whatever others do. */
function slowed<T extends VerifiedCredential | Refusal>(
  result: T,
  failures: FailureLimits,
  presented: PresentedCredential | undefined,
  { address }: ClientFacts,
): T | Refusal {
  if (!('kind' in result)) return result;
  if (GUESSES.has(result.reason)) return failures.failed(address, presented) ?? result;
  // Not checked at all: it counts for the address, and not as a guess at the name it was sent with.
  const overBudget = result.kind === 'unable' && result.overBudget === true;
  return overBudget ? (failures.failed(address, undefined) ?? result) : result;
}

/** Reasons of refused guesses; a token that was good once is no guess. */
const GUESSES: ReadonlySet<Reason> = new Set<Reason>([
  'credential_invalid',
  'signature_invalid',
  'job_not_running',
]);
