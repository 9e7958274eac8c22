import type { BodyRequirement } from '../../core/request/buffered-body.ts';
import type { RequestContext } from '../request-context.ts';
import type { StepOutcome } from './step.ts';

export async function bufferBody(context: RequestContext, required: BodyRequirement): Promise<StepOutcome> {
  const buffered = await context.forwarded.bufferBody(context, required);
  // If the client has closed the connection, the request is recorded as such, even with a partly read body.
  if (context.incoming.res.destroyed) return undefined;
  if ('kind' in buffered) return buffered;
  context.buffered = buffered;
  context.bytesIn = buffered.bytes.length;
  return undefined;
}
