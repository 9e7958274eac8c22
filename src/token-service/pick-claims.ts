import { claimAt } from '../core/credentials/claims.ts';
import type { Claims } from '../core/credentials/credential.ts';

/**
 * Returns the claims of the source that a minted token repeats: those used at authorization, by name or JSON
 * pointer. Others are omitted because every request carries the token.
 */
export function pickClaims(claims: Claims, names: Iterable<string>): Claims {
  // Without a prototype, because a claim can be named `__proto__`.
  const picked = emptyObject();
  const created = new Set<unknown>([picked]);
  for (const name of names) {
    const value = claimAt(claims, name);
    if (value === undefined) continue;
    const path = name.startsWith('/') ? pointerParts(name) : [name];
    const last = path.pop() ?? '';
    let target = picked;
    for (const part of path) {
      target[part] ??= emptyObject(created);
      target = target[part] as Record<string, unknown>;
      // A value of the source, which has the member already and is shared with the cached credential.
      if (!created.has(target)) break;
    }
    if (created.has(target)) target[last] = value;
  }
  return picked;
}

function pointerParts(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function emptyObject(created?: Set<unknown>): Record<string, unknown> {
  const object = Object.create(null) as Record<string, unknown>;
  created?.add(object);
  return object;
}
