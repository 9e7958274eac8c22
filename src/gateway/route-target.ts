import { deny, type Deny } from '../core/decision.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import { findWithSlash } from './route.ts';
import type { EndpointPipeline, ServicePipeline } from './service-pipeline.ts';

/** The service or built-in endpoint of a request. */
export interface RoutedTarget<P> {
  readonly kind: 'routed';
  readonly pipeline: P;
  /** The request has the path of the service without its final slash. */
  readonly slashMissing: boolean;
}

type Target = Pick<RequestHead, 'host' | 'path' | 'encodedSlash' | 'dotSegment' | 'pathParameters'>;

/** Properties of a path on whose meaning servers disagree, and the detail of their refusal. */
const UNUSUAL = [
  ['encodedSlash', '%2F'],
  ['dotSegment', 'a dot segment'],
  ['pathParameters', '";" in the path; `pathParameters: keep` of the service accepts it'],
] as const;

type Unusual = (typeof UNUSUAL)[number][0];

/** Routes a request. Refuses a path whose meaning the service or endpoint does not define. */
export function routeTarget<S extends ServicePipeline, E extends EndpointPipeline = never>(
  route: (host: string, path: string) => S | E | undefined,
  target: Target,
): RoutedTarget<S | E> | Deny {
  const { host, path } = target;
  const direct = route(host, path);
  const pipeline = direct ?? findWithSlash<S, E>(route, host, path);
  for (const [property, detail] of UNUSUAL) {
    if (target[property] !== true) continue;
    const accepted =
      pipeline === undefined ? isUnrouted(route, target, property) : accepts(pipeline, property);
    if (!accepted) return deny('path_ambiguous', detail);
  }
  if (pipeline === undefined) return deny('no_service', `no service at ${host}`);
  return { kind: 'routed', pipeline, slashMissing: direct === undefined };
}

/**
 * `%2F` does not separate segments here. A path without a service is ambiguous if a reading with slashes has one;
 * otherwise, its prefix is mistyped.
 */
function isUnrouted(
  route: (host: string, path: string) => unknown,
  { host, path }: Target,
  property: Unusual,
): boolean {
  return property === 'encodedSlash' && route(host, path.replaceAll(/%2f/gi, '/')) === undefined;
}

function accepts(pipeline: ServicePipeline | EndpointPipeline, property: Unusual): boolean {
  if ('protocol' in pipeline) return pipeline.protocol[property] === true;
  return property === 'encodedSlash' && pipeline.encodedSlash === true;
}
