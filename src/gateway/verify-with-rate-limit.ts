import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { Deny, Refusal } from '../core/decision.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { ClientFacts } from '../core/request/incoming.ts';
import type { Reason } from '../core/reasons.ts';
import type { ServicePipeline } from './service-pipeline.ts';

/** Verifies a credential and counts failed attempts; synchronous if the verification is. */
export type RateLimitedVerify = (
  authenticate: ServicePipeline['authenticate'],
  presented: PresentedCredential | Deny,
  from: { readonly host: string; readonly client: ClientFacts },
) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;

/** Names the mistake behind a refused credential. Called after a refusal only. */
export type RecognizeMistake = (presented: PresentedCredential) => string | undefined;

export function createRateLimitedVerify(
  failures: FailureLimits,
  recognizeMistake: RecognizeMistake,
): RateLimitedVerify {
  function limit<T extends VerifiedCredential | Refusal>(
    result: T,
    presented: PresentedCredential,
    client: ClientFacts,
  ): T | Refusal {
    if (!('kind' in result)) return result;
    const refusal = limitFailures(result, failures, presented, client);
    if (refusal.kind === 'unable' || !OF_THE_TEXT.has(refusal.reason)) return refusal;
    const mistake = recognizeMistake(presented);
    return mistake === undefined ? refusal : { ...refusal, mistake };
  }

  return function verifyCredential(authenticate, presented, { host, client }) {
    if ('kind' in presented) return limitFailures(presented, failures, undefined, client);
    const verified = authenticate(presented, host, client);
    return verified instanceof Promise
      ? verified.then((result) => limit(result, presented, client))
      : limit(verified, presented, client);
  };
}

/** Applies after a failed verification only, so that failed attempts of others never affect a valid credential. */
function limitFailures(
  result: Refusal,
  failures: FailureLimits,
  presented: PresentedCredential | undefined,
  { address }: ClientFacts,
): Refusal {
  const { keyId } = result;
  if (GUESSES.has(result.reason)) return failures.failed(address, presented, keyId) ?? result;
  if (result.kind === 'deny') return result;
  if (result.reason === 'signing_key_pending' && keyId !== undefined)
    return failures.pending(address, keyId) ?? result;
  // The credential was not verified: the attempt counts for the address, not as a guess at the token name.
  return result.overBudget === true ? (failures.failed(address, undefined) ?? result) : result;
}

/** Reasons that can follow from a mistake in the text of the credential. */
const OF_THE_TEXT: ReadonlySet<Reason> = new Set<Reason>([
  'credential_malformed',
  'credential_invalid',
  'job_not_running',
]);

/** Reasons that indicate a guess; a token that was once valid is not a guess. */
const GUESSES: ReadonlySet<Reason> = new Set<Reason>([
  'credential_invalid',
  'signature_invalid',
  'job_not_running',
]);
