import { sendBuiltInResponse } from '../built-in-response.ts';
import type { RequestContext } from '../request-context.ts';
import { routeTarget } from '../route-target.ts';
import type { EndpointPipeline, ServicePipeline } from '../service-pipeline.ts';
import { HANDLED, type StepOutcome, type StepPorts } from './step.ts';

/** Selects the service or the built-in endpoint by host and path. */
export function routeRequest(context: RequestContext, { route }: StepPorts): StepOutcome {
  const routed = routeTarget<ServicePipeline, EndpointPipeline>(route, context.head);
  if (routed.kind === 'deny') return routed;
  const { pipeline, slashMissing } = routed;
  if ('endpointPath' in pipeline) context.endpoint = pipeline;
  else context.pipeline = pipeline;
  context.slashMissing = slashMissing;
  return undefined;
}

/**
 * A path without the final slash of a service's path. A safe request is redirected, because relative links in the
 * response need the slash. The target contains nothing of the request, so it cannot lead to another server; a query may
 * contain a credential, which a redirect must not repeat.
 */
export function addSlash(context: RequestContext): StepOutcome {
  if (!context.slashMissing) return undefined;
  const { method, query } = context.head;
  const { path } = context.routed;
  context.continueAt(path);
  if (query !== '' || (method !== 'GET' && method !== 'HEAD')) return undefined;
  context.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
  context.reason = 'anonymous';
  sendBuiltInResponse(context, { status: 301, headers: ['Location', path], body: '' });
  return HANDLED;
}

/** A built-in endpoint authenticates, decides and responds itself. */
export function callEndpoint(context: RequestContext): StepOutcome | Promise<StepOutcome> {
  return context.endpoint?.handle(context).then(() => HANDLED);
}
