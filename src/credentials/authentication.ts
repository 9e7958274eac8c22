import type {
  CredentialClass,
  PresentedCredential,
  VerifiedCredential,
} from '../core/credentials/credential.ts';
import type { Refusal } from '../core/decision.ts';
import type { ClientFacts } from '../core/request/incoming.ts';
import type { VerificationMeter } from '../core/meter.ts';

export type Authentication = VerifiedCredential | Refusal;

/** Answers at once for a token that it knows: the warm way of a request awaits nothing. */
export type ServiceAuthenticator = (
  presented: PresentedCredential,
  /** The one that the request was sent to; without it, what was minted for one host is good for none. */
  host?: string,
  /** Who sent the request: questions to a GitLab are limited per client. */
  client?: ClientFacts,
) => Authentication | Promise<Authentication>;

/** Verifications in flight that are shared; beyond it each caller has its own. */
export const MAX_FLIGHTS = 1_000;

/** Starts to measure a verification that the cache did not answer; what it returns counts the result. */
export function measure(
  meter: VerificationMeter,
  credential: CredentialClass,
): (issuer: string | undefined, result: Authentication) => Authentication {
  const started = performance.now();
  return (issuer, result) => {
    meter.verified(credential, issuer, outcomeOf(result), (performance.now() - started) / 1000);
    return result;
  };
}

function outcomeOf(result: Authentication): 'verified' | 'denied' | 'unable' {
  if (!('kind' in result)) return 'verified';
  return result.kind === 'deny' ? 'denied' : 'unable';
}
