import type { Operation } from '../../core/request/operation.ts';
import type { RequestedOperations, RoutePlan, UnknownOperation } from '../../core/request/protocol.ts';

/** Scopes of everything that is a feed of packages; taking a version back is writing too. */
export const READ_PACKAGES = 'read_package_registry';
export const WRITE_PACKAGES = 'write_package_registry';

/** Of one package, by its normalised name. */
export function onePackage(scope: string, resource: string, plan?: RoutePlan): RequestedOperations {
  return requested([{ scope, resource, extent: 'one' }], plan);
}

/** Of several packages at once, or of one that could be any of these: all must be granted. */
export function eachPackage(
  scope: string,
  resources: readonly string[],
  plan?: RoutePlan,
): RequestedOperations {
  return requested(
    resources.map((resource) => ({ scope, resource, extent: 'one' })),
    plan,
  );
}

/** Of the feed as such: the request names no package, and tells of none. */
export function anyPackage(plan?: RoutePlan): RequestedOperations {
  return requested([{ scope: READ_PACKAGES, resource: '', extent: 'any' }], plan);
}

/** Of all packages at once: search, catalog; or of one that the request's head does not name. */
export function everyPackage(scope: string = READ_PACKAGES, plan?: RoutePlan): RequestedOperations {
  return requested([{ scope, resource: '', extent: 'every' }], plan);
}

/** Of whoever matches an identity: the answer tells nothing of the feed. */
export function anyCaller(plan: RoutePlan): RequestedOperations {
  return { kind: 'operations', operations: [], plan };
}

export function unknownOperation(detail: string): UnknownOperation {
  return { kind: 'unknown', detail };
}

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function requested(operations: readonly Operation[], plan: RoutePlan | undefined): RequestedOperations {
  return plan === undefined ? { kind: 'operations', operations } : { kind: 'operations', operations, plan };
}
