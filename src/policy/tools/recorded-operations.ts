import type { Claims } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';
import { isRecord } from '../../util/json/object.ts';

type OperationsRead =
  | {
      readonly kind: 'operations';
      readonly operations: readonly Operation[];
      readonly notes: readonly string[];
    }
  | { readonly kind: 'unusable'; readonly detail: string };

/** Reads the operations of an audit event: one scope and one resource, or a list of pairs. */
export function readRecordedOperations(gatehouse: Claims): OperationsRead {
  const { scopes, resources, operations, operations_total: total } = gatehouse;
  if (Array.isArray(operations)) {
    const read = operations.map(readOperation);
    if (read.includes(undefined)) return unusable('gatehouse.operations is not a list of operations');
    const known = read.filter((each) => each !== undefined);
    const cut = known.find(isCut);
    if (cut !== undefined) return unusable(`a recorded resource is cut: ${cut.resource}`);
    const notes =
      typeof total === 'number' ? [`only ${known.length} of the ${total} operations are recorded`] : [];
    return { kind: 'operations', operations: known, notes };
  }
  const [scope] = listOf(scopes);
  const [resource] = listOf(resources);
  if (scope === undefined || resource === undefined) return { kind: 'operations', operations: [], notes: [] };
  const only = { scope, resource, extent: 'one' } as const;
  return isCut(only)
    ? unusable(`the recorded resource is cut: ${resource}`)
    : { kind: 'operations', operations: [only], notes: [] };
}

function readOperation(value: unknown): Operation | undefined {
  if (!isRecord(value) || typeof value['scope'] !== 'string') return undefined;
  const { scope, resource, extent } = value;
  if (typeof resource === 'string') return { scope, resource, extent: 'one' };
  return extent === 'any' || extent === 'every' ? { scope, resource: '', extent } : undefined;
}

/** The audit event cuts a long resource and marks the end. */
function isCut({ resource }: Operation): boolean {
  return resource.length > MAX_RECORDED && resource.endsWith('…');
}

/** Characters of a resource in an audit event. */
const MAX_RECORDED = 1024;

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function unusable(detail: string): OperationsRead {
  return { kind: 'unusable', detail };
}
