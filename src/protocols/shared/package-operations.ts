import type { Operation } from '../../core/request/operation.ts';
import type {
  RequestedOperations,
  RoutePlan,
  UnknownOperation,
  UnnamedResource,
} from '../../core/request/protocol.ts';

/** Scopes of all package registries. Deleting or unlisting a version is a write. */
export const READ_PACKAGES = 'read_package_registry';
export const WRITE_PACKAGES = 'write_package_registry';

/** One package; `resource` is its normalised name. */
export function onePackage(scope: string, resource: string, plan?: RoutePlan): RequestedOperations {
  return requested([{ scope, resource, extent: 'one' }], plan);
}

/** Several packages, or one package with several possible names. Every one must be granted. */
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

/**
 * The registry itself: neither the request nor the response names a package. Requires a grant for any
 * package.
 */
export function anyPackage(plan?: RoutePlan): RequestedOperations {
  return requested([{ scope: READ_PACKAGES, resource: '', extent: 'any' }], plan);
}

/**
 * All packages (search, catalog), or one package that the request head does not name. Requires a grant for
 * `**`.
 */
export function everyPackage(scope: string = READ_PACKAGES, plan?: RoutePlan): RequestedOperations {
  return requested([{ scope, resource: '', extent: 'every' }], plan);
}

/** A write to a package that the gateway does not learn from the request. Requires a grant for `**`. */
export function unnamedPackage(unnamed: UnnamedResource): RequestedOperations {
  return { ...everyPackage(WRITE_PACKAGES), unnamed };
}

/** Any caller with an identity: the response contains no package data. */
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
