import { claimAt } from '../core/credentials/claims.ts';
import type { Claims } from '../core/credentials/credential.ts';

/**
 * What a minted token repeats of its source's claims: those that are asked at its use, by name or JSON pointer, and
 * no others, because every request carries them.
 */
export function pickClaims(claims: Claims, names: Iterable<string>): Claims {
  // Without prototype: a claim may be called `__proto__`.
  const picked = emptyObject();
  for (const name of names) {
    const value = claimAt(claims, name);
    if (value === undefined) continue;
    const path = name.startsWith('/') ? pointerParts(name) : [name];
    const last = path.pop() ?? '';
    let target = picked;
    for (const part of path) {
      const next = target[part];
      if (typeof next === 'object' && next !== null) target = next as Record<string, unknown>;
      else target = target[part] = emptyObject();
    }
    target[last] = value;
  }
  return picked;
}

function pointerParts(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function emptyObject(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}
