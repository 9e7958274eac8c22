import type { Claims, TokenLimits } from '../../core/credentials/credential.ts';
import {
  ACTION_SCOPES,
  ALL_REPOSITORIES,
  type RegistryAction,
} from '../../core/credentials/registry-access.ts';
import { isRecord } from '../../util/json/object.ts';

/**
 * A registry token has its limits in `access`; other tokens in `scope` and, if limited to resources,
 * `resources`.
 */
export function readLimits({ access, scope, resources }: Claims): TokenLimits | undefined {
  if (access !== undefined) return readAccess(access);
  if (typeof scope !== 'string') return undefined;
  const scopes = new Set(scope.split(' ').filter((each) => each !== ''));
  if (resources === undefined) return { kind: 'scopes', scopes };
  if (!isTextList(resources)) return undefined;
  return { kind: 'resources', resources: new Map(resources.map((resource) => [resource, scopes])) };
}

/**
 * The limits of every token that the login of this token can get. Only a registry token comes from a login; any other
 * token is the credential itself. Unknown limits of a parent are at least as wide as the token's own.
 */
export function readLoginLimits({ access, src }: Claims, own: TokenLimits): TokenLimits | undefined {
  if (access === undefined) return own;
  if (!isRecord(src) || src['parents'] === undefined) return undefined;
  return decodeLimits(src['parentLimits']) ?? own;
}

function decodeLimits(encoded: unknown): TokenLimits | undefined {
  if (!isRecord(encoded)) return undefined;
  const { scopes, resources } = encoded;
  if (isTextList(scopes)) return { kind: 'scopes', scopes: new Set(scopes) };
  if (!isRecord(resources)) return undefined;
  const entries = Object.entries(resources).map(
    ([name, list]) => [name, new Set(isTextList(list) ? list : [])] as const,
  );
  return { kind: 'resources', resources: new Map(entries) };
}

function readAccess(access: unknown): TokenLimits {
  const resources = new Map<string, Set<string>>();
  for (const entry of Array.isArray(access) ? (access as unknown[]) : []) {
    const { type, name, actions } = (isRecord(entry) ? entry : {}) as Record<string, unknown>;
    if (typeof name !== 'string' || !Array.isArray(actions)) continue;
    const catalog = type === 'registry' && name === 'catalog';
    if (!catalog && type !== 'repository') continue;
    const resource = catalog ? ALL_REPOSITORIES : name;
    const scopes = resources.get(resource) ?? new Set();
    resources.set(resource, scopes);
    for (const action of actions) {
      if (catalog && action === '*') scopes.add(ACTION_SCOPES.pull);
      else if (!catalog && isAction(action)) scopes.add(ACTION_SCOPES[action]);
    }
  }
  return { kind: 'resources', resources };
}

function isAction(action: unknown): action is RegistryAction {
  return typeof action === 'string' && Object.hasOwn(ACTION_SCOPES, action);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
