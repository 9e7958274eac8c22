import { classify } from '../classify.ts';
import { operationsOf } from '../classified.ts';
import { refuseHeaders } from '../refuse-headers.ts';
import type { RequestContext } from '../request-context.ts';
import type { StepOutcome } from './step.ts';

export function refuseUnsafeHeaders({ head, routed }: RequestContext): StepOutcome {
  return refuseHeaders(routed, head);
}

/** Determines the operations of the request. The guard of the service may refuse it regardless of the operations. */
export function classifyRequest(context: RequestContext): StepOutcome {
  const { head, routed } = context;
  const classification = routed.guard(head, classify(routed.protocol, head));
  if (classification.kind === 'deny') return classification;
  context.classification = classification;
  context.operations = operationsOf(classification);
  return undefined;
}
