import type { Classification, NeverForwarded } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { withoutPathParameters } from '../shared/path-parameters.ts';
import { indexTokenRoutes, type FindTokenRoute } from './route-index.ts';
import { TOKEN_ROUTES, type TokenRoute } from './routes.ts';

/**
 * Replaces the classification of a request that would reach a route on which the upstream issues credentials.
 */
export type TokenRouteGuard = (
  head: Pick<RequestHead, 'method' | 'path'>,
  classified: Classification,
) => Classification;

export interface GuardedService {
  readonly type: string;
  /** Public prefix; replaced by the path of `upstream.url`. */
  readonly path: string;
  /** Undefined if a proxy forwards the request: it does not replace the prefix. */
  readonly upstream?: { readonly url: string } | undefined;
}

/**
 * Compares the path that the upstream would get, its base path included, with the routes that are never
 * forwarded.
 */
export function createTokenRouteGuard({ type, path: prefix, upstream }: GuardedService): TokenRouteGuard {
  const finderFor = finderOf(type);
  const base = upstream === undefined ? prefix : new URL(upstream.url).pathname;

  return function guard({ method, path }, classified) {
    if (classified.kind === 'deny' || isAnswered(classified)) return classified;
    const target = base + path.slice(prefix.length);
    const find = finderFor(method);
    const route =
      find(target) ?? (/[%;]/.test(target) ? find(decoded(withoutPathParameters(target))) : undefined);
    return route === undefined || isRewritten(route, type, classified)
      ? classified
      : neverForwarded(method, route);
  };
}

/** One index for each class of methods. */
function finderOf(type: string): (method: string) => FindTokenRoute {
  if (type !== 'http') return () => OF_PACKAGES;
  return (method) => (method === 'GET' || method === 'HEAD' ? OF_HTTP_READS : OF_HTTP_WRITES);
}

const OF_PACKAGES = indexTokenRoutes(TOKEN_ROUTES);
const OF_HTTP_READS = indexTokenRoutes(TOKEN_ROUTES.filter(({ http }) => http === 'never' || http === 'get'));
const OF_HTTP_WRITES = indexTokenRoutes(
  TOKEN_ROUTES.filter(({ http }) => http === 'never' || http === 'write'),
);

/**
 * The reading of an upstream that decodes every escape (valid UTF-8 in a canonical path) and trims spaces. Servlet
 * containers (Artifactory, Nexus) also remove path parameters.
 */
function decoded(path: string): string {
  return decodeURIComponent(path)
    .replaceAll(/ *\/ */g, '/')
    .trim();
}

/** The gateway responds itself, so that the request does not reach the upstream. */
function isAnswered(classified: Classification): boolean {
  if (classified.kind !== 'operations') return false;
  const { builtInResponse, issuedToken } = classified.plan ?? {};
  return builtInResponse !== undefined || issuedToken !== undefined;
}

function isRewritten({ rewrittenBy }: TokenRoute, type: string, { kind }: Classification): boolean {
  return rewrittenBy?.includes(type) === true && kind !== 'unknown';
}

function neverForwarded(method: string, { route, server }: TokenRoute): NeverForwarded {
  return {
    kind: 'never-forwarded',
    detail: `${method} on ${route}, which issues, shows or registers credentials of the upstream (${server})`,
  };
}
