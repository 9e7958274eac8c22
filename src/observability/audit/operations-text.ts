import type { Operation } from '../../core/request/operation.ts';
import { jsonText } from '../../util/json/text.ts';
import { loggedText } from '../logged-text.ts';
import { LIMITS } from './limits.ts';

/** The value of `event.action`. */
export function actionText(operations: readonly Operation[]): string {
  const [first] = operations;
  if (first === undefined) return '"request"';
  return operations.length === 1 ? jsonText(first.scope) : jsonText(scopesOf(operations).join('+'));
}

/** Separate scopes and resources, for searches; several operations are also listed as pairs. */
export function operationsText(operations: readonly Operation[]): string {
  const [only] = operations;
  if (only === undefined) return '';
  if (operations.length === 1 && only.extent === 'one') {
    return `,"scopes":[${jsonText(only.scope)}],"resources":[${resourceText(only.resource)}]`;
  }
  const listed = operations.slice(0, LIMITS.operations);
  const resources = [
    ...new Set(listed.filter(({ extent }) => extent === 'one').map(({ resource }) => resource)),
  ];
  return (
    `,"scopes":[${scopesOf(operations).map(jsonText).join(',')}]` +
    (resources.length === 0 ? '' : `,"resources":[${resources.map(resourceText).join(',')}]`) +
    `,"operations":[${listed.map(operationText).join(',')}]` +
    (operations.length > listed.length ? `,"operations_total":${operations.length}` : '')
  );
}

function operationText({ scope, resource, extent }: Operation): string {
  const target = extent === 'one' ? `"resource":${resourceText(resource)}` : `"extent":"${extent}"`;
  return `{"scope":${jsonText(scope)},${target}}`;
}

function resourceText(resource: string): string {
  return loggedText(LIMITS.resource, resource);
}

function scopesOf(operations: readonly Operation[]): readonly string[] {
  return [...new Set(operations.map(({ scope }) => scope))];
}
