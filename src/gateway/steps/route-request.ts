import { deny } from '../../core/decision.ts';
import type { RequestContext } from '../request-context.ts';
import type { EndpointPipeline, ServicePipeline } from '../service-pipeline.ts';
import { HANDLED, type StepOutcome, type StepPorts } from './step.ts';

/** Selects the service or the built-in endpoint by host and path. */
export function routeRequest(context: RequestContext, { route }: StepPorts): StepOutcome {
  const { head } = context;
  const pipeline = route(head.host, head.path);
  if (head.encodedSlash === true && !acceptsEncodedSlash(pipeline)) return deny('path_ambiguous', '%2F');
  if (pipeline === undefined) return deny('no_service', `no service at ${head.host}`);
  if ('endpointPath' in pipeline) context.endpoint = pipeline;
  else context.pipeline = pipeline;
  return undefined;
}

/** Servers disagree on whether `%2F` separates segments, so only pipelines that define its meaning accept it. */
function acceptsEncodedSlash(pipeline: ServicePipeline | EndpointPipeline | undefined): boolean {
  if (pipeline === undefined) return false;
  return ('protocol' in pipeline ? pipeline.protocol : pipeline).encodedSlash === true;
}

/** A built-in endpoint authenticates, decides and responds itself. */
export function callEndpoint(context: RequestContext): StepOutcome | Promise<StepOutcome> {
  return context.endpoint?.handle(context).then(() => HANDLED);
}
