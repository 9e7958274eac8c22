import type { Claims } from './credential.ts';

/**
 * The value of a claim: by its name, or by JSON pointer (RFC 6901) when the name starts with `/`.
 * Own properties only, so that `constructor` or `__proto__` never resolve to something that no token has.
 */
export function claimAt(claims: Claims, name: string): unknown {
  if (!name.startsWith('/')) return Object.hasOwn(claims, name) ? claims[name] : undefined;
  let value: unknown = claims;
  for (const part of name.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** A scalar claim as the string that policies compare; undefined where it is missing, empty, inexact or not a scalar. */
export function scalarClaim(claims: Claims, name: string): string | undefined {
  return asScalar(claimAt(claims, name));
}

export function asScalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && isExact(value) ? String(value) : undefined;
}

/**
 * Whether the number has the value that the issuer wrote: JSON.parse rounds integers beyond ±(2^53 − 1) and fractions, so
 * that different numbers become equal (RFC 8259 §6).
 */
export function isExact(value: number): boolean {
  return Number.isSafeInteger(value);
}
