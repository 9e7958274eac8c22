import { unable } from '../../core/decision.ts';
import type { RequestContext } from '../request-context.ts';
import type { StepOutcome, StepPorts } from './step.ts';

/** A request that could not be audited is refused. */
export function requireAudit(_context: RequestContext, { audit }: StepPorts): StepOutcome {
  return audit.available() ? undefined : unable('audit_unavailable', 'the audit sink accepts no events');
}

/** The listener has checked the request head. */
export function refuseMalformedHead({ incoming: { head } }: RequestContext): StepOutcome {
  return 'kind' in head ? head : undefined;
}
