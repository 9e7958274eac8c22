import { asScalar, isExact } from '../../core/credentials/claims.ts';

/** A claim as text for a resource pattern, or why the claim is not usable there. */
export type ClaimText =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'invalid'; readonly detail: string };

/** Characters that an intermediary or upstream can interpret instead of matching literally. */
const AMBIGUOUS = /[\p{Cc}%\\?#]/u;

/**
 * Converts a claim to text for a resource pattern. Values that could match more than one path segment are
 * rejected.
 */
export function claimText(value: unknown, isPath: boolean): ClaimText {
  if (value === undefined || value === null || value === '') return invalid('is missing or empty');
  if (typeof value === 'number' && !isExact(value)) return invalid('is not an integer within ±(2^53 − 1)');
  const text = asScalar(value);
  if (text === undefined) return invalid('is not a scalar');
  if (AMBIGUOUS.test(text) || !text.isWellFormed()) {
    return invalid('contains a control character, "%", "\\", "?", "#" or a lone surrogate');
  }
  if (!isPath && text.includes('/')) return invalid('contains a "/" but is not a path claim of its issuer');
  for (const segment of text.split('/')) {
    if (segment === '') return invalid('contains an empty segment');
    if (segment === '.' || segment === '..') return invalid('contains a dot segment');
  }
  return { kind: 'text', text };
}

/**
 * Image names are lowercase. ASCII only: Unicode case mapping converts, for example, the Kelvin sign to `k`,
 * and so the name of one project to that of another.
 */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function invalid(detail: string): ClaimText {
  return { kind: 'invalid', detail };
}
