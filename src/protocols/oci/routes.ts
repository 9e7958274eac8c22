import { deny } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type {
  RequestedOperations,
  Classification,
  RoutePlan,
  UnknownOperation,
} from '../../core/request/protocol.ts';
import { ACTION_SCOPES, type RegistryAction } from '../../core/credentials/registry-access.ts';
import { isDigest, isRepository, isTag } from './names.ts';

/** A parsed path below `/v2/`. Repository names contain `/`, so the path is parsed from the right. */
export interface OciRoute {
  readonly kind: 'manifest' | 'blob' | 'tags' | 'referrers' | 'uploads' | 'upload';
  readonly repository: string;
}

const METHODS: Readonly<Record<OciRoute['kind'], Readonly<Record<string, RegistryAction>>>> = {
  manifest: { GET: 'pull', HEAD: 'pull', PUT: 'push', DELETE: 'delete' },
  blob: { GET: 'pull', HEAD: 'pull', DELETE: 'delete' },
  tags: { GET: 'pull', HEAD: 'pull' },
  referrers: { GET: 'pull', HEAD: 'pull' },
  uploads: { POST: 'push' },
  upload: { GET: 'push', PATCH: 'push', PUT: 'push', DELETE: 'push' },
};

/** A path that matches a route but has an invalid part; `code` is the error code of the specification. */
export interface InvalidRoute {
  readonly kind: 'invalid';
  readonly code: 'NAME_INVALID' | 'DIGEST_INVALID' | 'TAG_INVALID';
  readonly detail: string;
}

/** `rest`: the path below `/v2/` as sent. */
export function readRoute(rest: string): OciRoute | UnknownOperation | InvalidRoute {
  const segments = rest.split('/');
  const last = segments.at(-1) ?? '';
  const before = segments.at(-2);
  const third = segments.at(-3);
  if (before === 'manifests') {
    if (last.includes(':') && !isDigest(last)) return invalidDigest(last);
    if (!last.includes(':') && !isTag(last)) return invalid('TAG_INVALID', `invalid tag: ${last}`);
    return named('manifest', segments.slice(0, -2));
  }
  if (third === 'blobs' && before === 'uploads') {
    if (last === '') return named('uploads', segments.slice(0, -3));
    return named('upload', segments.slice(0, -3));
  }
  if (before === 'blobs') {
    if (last === 'uploads') return named('uploads', segments.slice(0, -2));
    return isDigest(last) ? named('blob', segments.slice(0, -2)) : invalidDigest(last);
  }
  if (before === 'referrers') {
    return isDigest(last) ? named('referrers', segments.slice(0, -2)) : invalidDigest(last);
  }
  if (before === 'tags' && last === 'list') return named('tags', segments.slice(0, -2));
  return { kind: 'unknown', detail: 'not a route of a registry' };
}

/** The operations of a method on a route. As in GitLab, a push also needs pull. */
export function operationsFor(route: OciRoute, method: string): readonly Operation[] | undefined {
  const methods = METHODS[route.kind];
  const action = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (action === undefined) return undefined;
  return actionOn(
    action === 'pull' && isDependencyProxy(route.repository) ? 'push' : action,
    route.repository,
  );
}

/**
 * `GROUP/dependency_proxy/containers/IMAGE`: GitLab stores what is pulled, and requires both scopes of deploy tokens
 * (docs.gitlab.com, "Dependency proxy for container images"). The group can follow a prefix of the service.
 */
function isDependencyProxy(repository: string): boolean {
  return repository.includes('/dependency_proxy/containers/');
}

function actionOn(action: RegistryAction, resource: string): readonly Operation[] {
  const on = (scope: string): Operation => ({ scope, resource, extent: 'one' });
  switch (action) {
    case 'pull':
      return [on(ACTION_SCOPES.pull)];
    case 'push':
      return [on(ACTION_SCOPES.pull), on(ACTION_SCOPES.push)];
    case 'delete':
      return [on(ACTION_SCOPES.delete)];
    default:
      return action satisfies never;
  }
}

export function registryOperations(operations: readonly Operation[], plan?: RoutePlan): RequestedOperations {
  return { kind: 'operations', operations, ...(plan === undefined ? {} : { plan }) };
}

function named(kind: OciRoute['kind'], segments: readonly string[]): ReturnType<typeof readRoute> {
  const repository = segments.join('/');
  return isRepository(repository)
    ? { kind, repository }
    : invalid('NAME_INVALID', `invalid repository name: ${repository}`);
}

function invalidDigest(text: string): InvalidRoute {
  return invalid('DIGEST_INVALID', `invalid digest: ${text}`);
}

function invalid(code: InvalidRoute['code'], detail: string): InvalidRoute {
  return { kind: 'invalid', code, detail };
}

export function malformed(detail: string): Extract<Classification, { kind: 'deny' }> {
  return deny('request_malformed', detail.slice(0, 300));
}
