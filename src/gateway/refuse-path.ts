import { deny, type Deny } from '../core/decision.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import type { EndpointPipeline, ServicePipeline } from './service-pipeline.ts';

/** Properties of a path on whose meaning servers disagree, and the detail of their refusal. */
const UNUSUAL = [
  ['encodedSlash', '%2F'],
  ['dotSegment', 'a dot segment'],
  ['pathParameters', '";" in the path; `pathParameters: keep` of the service accepts it'],
] as const;

/** Refuses a path whose meaning the service or endpoint does not define. */
export function refusePath(
  pipeline: ServicePipeline | EndpointPipeline | undefined,
  head: RequestHead,
): Deny | undefined {
  for (const [property, detail] of UNUSUAL) {
    if (head[property] === true && !accepts(pipeline, property)) return deny('path_ambiguous', detail);
  }
  return undefined;
}

function accepts(
  pipeline: ServicePipeline | EndpointPipeline | undefined,
  property: (typeof UNUSUAL)[number][0],
): boolean {
  if (pipeline === undefined) return false;
  if ('protocol' in pipeline) return pipeline.protocol[property] === true;
  return property === 'encodedSlash' && pipeline.encodedSlash === true;
}
