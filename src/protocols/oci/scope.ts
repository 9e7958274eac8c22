import type { Operation } from '../../core/request/operation.ts';
import {
  ACTION_SCOPES,
  type RegistryAccess,
  type RegistryAction,
} from '../../core/credentials/registry-access.ts';
import { isRepository } from './names.ts';

/** Clients request few scopes; a push with a mount has two. */
const MAX_SCOPES = 100;

/**
 * Reads registry token scopes (distribution, docs/spec/auth/scope.md). Each parameter is a space-separated
 * list. The first `:` ends the type and the last one starts the actions, because a name may contain
 * `host:port`. Unknown scopes are ignored.
 */
export function readScopes(values: readonly string[]): readonly RegistryAccess[] {
  const accesses = new Map<string, { type: string; name: string; actions: Set<string> }>();
  for (const text of values.flatMap((value) => value.split(' ')).filter((part) => part !== '')) {
    const first = text.indexOf(':');
    const last = text.lastIndexOf(':');
    if (first === last) continue;
    // The class in `repository(plugin)` does not affect access.
    const type = text.slice(0, first).replace(/\([a-z0-9]*\)$/, '');
    const name = text.slice(first + 1, last);
    if (!isKnown(type, name)) continue;
    const key = `${type}:${name}`;
    const entry = accesses.get(key) ?? { type, name, actions: new Set<string>() };
    if (!accesses.has(key) && accesses.size >= MAX_SCOPES) continue;
    accesses.set(key, entry);
    for (const action of text.slice(last + 1).split(',')) entry.actions.add(action);
  }
  return [...accesses.values()].map(({ type, name, actions }) => ({ type, name, actions: [...actions] }));
}

/** The operation of each requested action; `*` stands for all actions. */
export function operationsForAccess({
  type,
  name,
  actions,
}: RegistryAccess): readonly { readonly action: string; readonly operation: Operation }[] {
  if (type === 'registry') {
    return actions.includes('*') ? [{ action: '*', operation: CATALOG }] : [];
  }
  return ACTIONS.filter((action) => actions.includes(action) || actions.includes('*')).map((action) => ({
    action,
    operation: { scope: ACTION_SCOPES[action], resource: name, extent: 'one' },
  }));
}

/** The catalog lists all repositories. */
export const CATALOG: Operation = { scope: ACTION_SCOPES.pull, resource: '', extent: 'every' };

const ACTIONS = Object.keys(ACTION_SCOPES) as readonly RegistryAction[];

function isKnown(type: string, name: string): boolean {
  return type === 'registry' ? name === 'catalog' : type === 'repository' && isRepository(name);
}

/** The token scopes of operations, for a challenge. */
export function scopesOf(operations: readonly Operation[]): readonly string[] {
  const byName = new Map<string, string[]>();
  for (const { scope, resource, extent } of operations) {
    const key = extent === 'every' ? 'registry:catalog' : `repository:${resource}`;
    const action = extent === 'every' ? '*' : ACTIONS.find((known) => ACTION_SCOPES[known] === scope);
    if (action === undefined) continue;
    const actions = byName.get(key) ?? [];
    if (!actions.includes(action)) actions.push(action);
    byName.set(key, actions);
  }
  return [...byName].map(([name, actions]) => `${name}:${actions.join(',')}`);
}
