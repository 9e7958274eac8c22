import type { Decision } from '../../core/decision.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** The effect of a policy on a request. `shadow`: the policy denies it, and the mode of the service lets it pass. */
export type PolicyOutcome = 'allow' | 'shadow' | 'deny';

/** Undefined: undecided. */
export function outcomeOf(decision: Decision): PolicyOutcome | undefined {
  switch (decision.kind) {
    case 'allow':
      return decision.basis === 'shadow' ? 'shadow' : 'allow';
    case 'deny':
      return 'deny';
    case 'unable':
      return undefined;
    default:
      return decision satisfies never;
  }
}

/** Denials that the policy determines, from the credential and the operations. Others have causes outside of it. */
export const POLICY_DENIALS: ReadonlySet<string> = new Set([
  'no_credential',
  'no_matching_identity',
  'operation_unknown',
  'scope_not_granted',
  'resource_not_granted',
  'job_token_not_allowlisted',
]);

export type RecordedOutcome =
  | { readonly kind: 'decided'; readonly outcome: PolicyOutcome }
  | { readonly kind: 'undecided'; readonly detail: string };

/** The outcome of a recorded request, if policy decided it. */
export function recordedOutcome(request: RecordedRequest): RecordedOutcome {
  const { decision, basis, reason, service, serviceType, operations, url } = request;
  if (decision === undefined) return undecided(`no decision: ${reason}`);
  if (decision !== 'allow' && !POLICY_DENIALS.has(reason)) {
    return undecided(
      reason === 'insufficient_scope'
        ? 'insufficient_scope: the limits of minted tokens are not recorded'
        : `refused before or independent of the policy: ${reason}`,
    );
  }
  const isTokenEndpoint = serviceType === 'oci' && URL.parse(url)?.pathname === '/token';
  if (service === undefined || isTokenEndpoint) return undecided('a request to a built-in endpoint');
  // Anonymous access requires an operation: the response is a redirect to the path of the service.
  if (basis === 'anonymous' && operations.length === 0) return undecided('a response of the gateway itself');
  if (decision !== 'allow') return { kind: 'decided', outcome: 'deny' };
  return { kind: 'decided', outcome: basis === 'shadow' ? 'shadow' : 'allow' };
}

function undecided(detail: string): RecordedOutcome {
  return { kind: 'undecided', detail };
}
