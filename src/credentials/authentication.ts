import type {
  CredentialClass,
  PresentedCredential,
  VerifiedCredential,
} from '../core/credentials/credential.ts';
import type { Refusal } from '../core/decision.ts';
import type { ClientFacts } from '../core/request/incoming.ts';
import type { VerificationMeter } from '../core/operation/meter.ts';

/** Result of an authentication. */
export type Authentication = VerifiedCredential | Refusal;

/** Authenticates a credential for one service. Synchronous for cached tokens. */
export type ServiceAuthenticator = (
  presented: PresentedCredential,
  /** Host of the request. Without it, tokens that were minted for a registry host are refused. */
  host?: string,
  /** Client of the request. Introspection requests are limited per client. */
  client?: ClientFacts,
) => Authentication | Promise<Authentication>;

/**
 * Maximum number of concurrent verifications that callers share. Above it, each caller verifies separately.
 */
export const MAX_FLIGHTS = 1_000;

/** Starts a measurement after a cache miss. The returned function records the result. */
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
