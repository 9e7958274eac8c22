import type { Classification } from '../../../src/core/request/protocol.ts';

/** The operations of a package registry, one text each: `write one acme`. Otherwise the kind or the reason. */
export function describeOperations(found: Classification): readonly string[] {
  if (found.kind === 'deny') return [found.reason];
  if (found.kind !== 'operations') return [found.kind];
  return found.operations.map(({ scope, resource, extent }) =>
    [scope.replace('_package_registry', ''), extent, resource].filter(Boolean).join(' '),
  );
}
