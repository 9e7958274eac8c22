import { sendBuiltInResponse } from '../built-in-response.ts';
import type { RequestContext } from '../request-context.ts';
import { HANDLED, type StepOutcome } from './step.ts';

/** Forwards the request to the upstream, or sends the built-in response that the protocol has for its operation. */
export function forwardRequest(context: RequestContext): StepOutcome {
  const response = context.plan?.builtInResponse;
  if (response === undefined) context.routed.forward(context);
  else
    sendBuiltInResponse(context, typeof response === 'function' ? response(context.allow.caller) : response);
  return HANDLED;
}
