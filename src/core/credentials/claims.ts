import type { Claims } from './credential.ts';

/**
 * Returns the value of a claim, by name or, if `name` starts with `/`, by JSON pointer (RFC 6901).
 * Reads own properties only: `constructor` and `__proto__` never resolve to inherited members.
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

/** `/ref` names the claim `ref`; other pointers name a member of a claim. */
export function plainClaimName(name: string): string {
  if (!/^\/[^/]+$/.test(name)) return name;
  const plain = name.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  // The name of a claim that starts with `/` would be a pointer.
  return plain.startsWith('/') ? name : plain;
}

/** The names by which a policy can refer to a claim: plainly, and as a JSON pointer. */
export function namesOfClaim(claim: string): readonly string[] {
  return claim.startsWith('/') ? [claim] : [claim, `/${claim.replaceAll('~', '~0').replaceAll('/', '~1')}`];
}

/**
 * Returns a scalar claim as the string that policies compare. Undefined if the claim is missing, empty, not a
 * scalar, or a number without an exact value.
 */
export function scalarClaim(claims: Claims, name: string): string | undefined {
  return asScalar(claimAt(claims, name));
}

/** Converts a claim value to the string that policies compare. Undefined: see `scalarClaim`. */
export function asScalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && isExact(value) ? String(value) : undefined;
}

/**
 * Whether a number has exactly the value in the token. JSON.parse rounds fractions and integers beyond ±(2^53
 * − 1), which makes different numbers equal (RFC 8259 §6).
 */
export function isExact(value: number): boolean {
  return Number.isSafeInteger(value);
}
