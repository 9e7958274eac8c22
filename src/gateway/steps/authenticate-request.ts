import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Refusal } from '../../core/decision.ts';
import type { RequestContext } from '../request-context.ts';
import type { StepOutcome, StepPorts } from './step.ts';

/** Verifies the credential, synchronously where it is in the verification cache. */
export function authenticateRequest(
  context: RequestContext,
  { verifyCredential }: StepPorts,
): StepOutcome | Promise<StepOutcome> {
  const { extracted, routed, host, incoming } = context;
  if (extracted === undefined) return undefined;
  const verified = verifyCredential(routed.authenticate, extracted, { host, client: incoming.client });
  return verified instanceof Promise
    ? verified.then((result) => store(context, result))
    : store(context, verified);
}

function store(context: RequestContext, verified: VerifiedCredential | Refusal): StepOutcome {
  if (context.incoming.res.destroyed) return undefined;
  if ('kind' in verified) return verified;
  context.verified = verified;
  return undefined;
}
