import type { Asked, RoutePlan, Unknown } from '../contract/protocol.ts';

/** Scopes of everything that is a feed of packages; taking a version back is writing too. */
export const READ = 'read_package_registry';
export const WRITE = 'write_package_registry';

/** Of one package, by its normalised name. */
export function one(scope: string, resource: string, plan?: RoutePlan): Asked {
  return asked(scope, resource, 'one', plan);
}

/** Of the feed as such: the request names no package, and tells of none. */
export function any(plan?: RoutePlan): Asked {
  return asked(READ, '', 'any', plan);
}

/** Of all packages at once: search, catalog; or of one that the request's head does not name. */
export function every(scope: string = READ, plan?: RoutePlan): Asked {
  return asked(scope, '', 'every', plan);
}

/** Of whoever matches an identity: the answer tells nothing of the feed. */
export function anybody(plan: RoutePlan): Asked {
  return { kind: 'operations', operations: [], plan };
}

export function unknown(detail: string): Unknown {
  return { kind: 'unknown', detail };
}

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function asked(
  scope: string,
  resource: string,
  extent: 'one' | 'any' | 'every',
  plan: RoutePlan | undefined,
): Asked {
  const operations = [{ scope, resource, extent }];
  return plan === undefined ? { kind: 'operations', operations } : { kind: 'operations', operations, plan };
}
