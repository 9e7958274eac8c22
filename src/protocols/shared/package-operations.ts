import type { Operation } from '../../core/request/operation.ts';
import type { RequestedOperations, RoutePlan, UnknownOperation } from '../../core/request/protocol.ts';

/** Scopes of everything that is a feed of packages; taking a version back is writing too. */
export const READ = 'read_package_registry';
export const WRITE = 'write_package_registry';

/** Of one package, by its normalised name. */
export function one(scope: string, resource: string, plan?: RoutePlan): RequestedOperations {
  return asked([{ scope, resource, extent: 'one' }], plan);
}

/** Of several packages at once, or of one that could be any of these: all must be granted. */
export function each(scope: string, resources: readonly string[], plan?: RoutePlan): RequestedOperations {
  return asked(
    resources.map((resource) => ({ scope, resource, extent: 'one' })),
    plan,
  );
}

/** Of the feed as such: the request names no package, and tells of none. */
export function any(plan?: RoutePlan): RequestedOperations {
  return asked([{ scope: READ, resource: '', extent: 'any' }], plan);
}

/** Of all packages at once: search, catalog; or of one that the request's head does not name. */
export function every(scope: string = READ, plan?: RoutePlan): RequestedOperations {
  return asked([{ scope, resource: '', extent: 'every' }], plan);
}

/** Of whoever matches an identity: the answer tells nothing of the feed. */
export function anybody(plan: RoutePlan): RequestedOperations {
  return { kind: 'operations', operations: [], plan };
}

export function unknown(detail: string): UnknownOperation {
  return { kind: 'unknown', detail };
}

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function asked(operations: readonly Operation[], plan: RoutePlan | undefined): RequestedOperations {
  return plan === undefined ? { kind: 'operations', operations } : { kind: 'operations', operations, plan };
}
