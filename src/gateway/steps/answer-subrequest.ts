import { deny } from '../../core/decision.ts';
import type { RequestContext } from '../request-context.ts';
import { HANDLED, type StepOutcome } from './step.ts';

/** The operations of some types depend on the body, so that the authorizer does not support them. */
export function requireSubrequestRules({ routed, slashMissing }: RequestContext): StepOutcome {
  if (routed.subrequests === undefined)
    return deny('no_service', `the authorizer does not support services of type ${routed.type}`);
  return slashMissing ? deny('no_service', 'the path lacks the final slash of the service') : undefined;
}

export function refuseRewriting({ subrequestRules, incoming, head }: RequestContext): StepOutcome {
  return subrequestRules.refuseRewriting(incoming.original, head);
}

export function refuseBody({ subrequestRules, classified }: RequestContext): StepOutcome {
  return subrequestRules.refuseBody(classified);
}

/** A form can replace the method, and the gateway does not see it: each possible operation must be granted. */
export function authorizeForm({
  subrequestRules,
  classified,
  head,
  routed,
  verified,
}: RequestContext): StepOutcome {
  if (classified.kind !== 'operations') return undefined;
  const form = subrequestRules.operationsOfForm(head);
  if (form === undefined) return undefined;
  const decision =
    form.kind === 'operations'
      ? routed.authorize(verified, form.operations)
      : routed.authorizeUnknown(verified, form.detail);
  switch (decision.kind) {
    case 'allow':
      return undefined;
    case 'deny':
      return deny('operation_in_body', `a form can replace the method: ${decision.reason}`, decision.caller);
    case 'unable':
      return decision;
    default:
      return decision satisfies never;
  }
}

export function refusePlan({ subrequestRules, head, plan }: RequestContext): StepOutcome {
  return subrequestRules.refusePlan(head, plan);
}

export function respondToProxy(context: RequestContext): StepOutcome {
  context.subrequestRules.respond(context);
  return HANDLED;
}
