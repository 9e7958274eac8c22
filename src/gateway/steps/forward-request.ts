import { sendBuiltInResponse } from '../built-in-response.ts';
import type { RequestContext } from '../request-context.ts';
import { isForwarded } from '../service-pipeline.ts';
import { deny } from '../../core/decision.ts';
import { HANDLED, type StepOutcome } from './step.ts';

/** A service without an upstream is decided by the authorizer only. */
export function requireUpstream({ routed }: RequestContext): StepOutcome {
  return isForwarded(routed)
    ? undefined
    : deny('no_service', 'the service has no upstream; only the authorizer decides on its requests');
}

/** Forwards the request to the upstream, or sends the built-in response that the protocol has for its operation. */
export function forwardRequest(context: RequestContext): StepOutcome {
  const response = context.plan?.builtInResponse;
  if (response === undefined) context.forwarded.forward(context);
  else
    sendBuiltInResponse(context, typeof response === 'function' ? response(context.allow.caller) : response);
  return HANDLED;
}
