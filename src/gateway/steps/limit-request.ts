import { callerOf, type RequestContext } from '../request-context.ts';
import type { StepOutcome, StepPorts } from './step.ts';

/** Applies the limits of the caller before the body is read. The places are released at the end of the request. */
export function limitRequest(context: RequestContext, { admit }: StepPorts): StepOutcome {
  if (admit === undefined) return undefined;
  const { routed, clientAddress, incoming, decision, possible } = context;
  const allowed = decision ?? possible;
  const admitted = admit({
    service: routed.name,
    caller: allowed && callerOf(allowed),
    clientAddress,
    forwarded: incoming.subrequest === undefined,
  });
  if (admitted?.kind === 'deny') return admitted;
  context.places = admitted;
  return undefined;
}
