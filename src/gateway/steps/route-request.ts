import { deny } from '../../core/decision.ts';
import { sendBuiltInResponse } from '../built-in-response.ts';
import { refusePath } from '../refuse-path.ts';
import { findWithSlash } from '../route.ts';
import type { RequestContext } from '../request-context.ts';
import type { EndpointPipeline, ServicePipeline } from '../service-pipeline.ts';
import { HANDLED, type StepOutcome, type StepPorts } from './step.ts';

/** Selects the service or the built-in endpoint by host and path. */
export function routeRequest(context: RequestContext, { route }: StepPorts): StepOutcome {
  const { head } = context;
  const pipeline = route(head.host, head.path);
  const refusal = refusePath(pipeline, head);
  if (refusal !== undefined) return refusal;
  if (pipeline === undefined) return routeWithSlash(context, route);
  if ('endpointPath' in pipeline) context.endpoint = pipeline;
  else context.pipeline = pipeline;
  return undefined;
}

/**
 * A path without the final slash of a service's path. A safe request is redirected, because relative links in the
 * response need the slash. The target contains nothing of the request, so it cannot lead to another server; a query may
 * contain a credential, which a redirect must not repeat.
 */
function routeWithSlash(context: RequestContext, route: StepPorts['route']): StepOutcome {
  const { host, path, method, query } = context.head;
  const pipeline = findWithSlash<ServicePipeline, EndpointPipeline>(route, host, path);
  if (pipeline === undefined) return deny('no_service', `no service at ${host}`);
  const refusal = refusePath(pipeline, context.head);
  if (refusal !== undefined) return refusal;
  context.pipeline = pipeline;
  context.continueAt(pipeline.path);
  if (query !== '' || (method !== 'GET' && method !== 'HEAD')) return undefined;
  context.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
  context.reason = 'anonymous';
  sendBuiltInResponse(context, { status: 301, headers: ['Location', pipeline.path], body: '' });
  return HANDLED;
}

/** A built-in endpoint authenticates, decides and responds itself. */
export function callEndpoint(context: RequestContext): StepOutcome | Promise<StepOutcome> {
  return context.endpoint?.handle(context).then(() => HANDLED);
}
