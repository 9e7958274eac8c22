import { asScalar, isExact } from '../../core/credentials/claims.ts';

export type ClaimText =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'unusable'; readonly why: string };

/** Characters that some server on the way may read as more than themselves. */
const AMBIGUOUS = /[\p{Cc}%\\?#]/u;

/** The text that a claim may put into a resource pattern. Whatever could reach beyond its place is refused. */
export function claimText(value: unknown, isPath: boolean): ClaimText {
  if (value === undefined || value === null || value === '') return unusable('is missing or empty');
  if (typeof value === 'number' && !isExact(value)) return unusable('is not an integer within ±(2^53 − 1)');
  const text = asScalar(value);
  if (text === undefined) return unusable('is not a single value');
  if (AMBIGUOUS.test(text) || !text.isWellFormed()) {
    return unusable('has a control character, "%", "\\", "?", "#" or half a character');
  }
  if (!isPath && text.includes('/')) return unusable('has a "/" and is no path claim of its issuer');
  for (const segment of text.split('/')) {
    if (segment === '') return unusable('has an empty segment');
    if (segment === '.' || segment === '..') return unusable('has a dot segment');
  }
  return { kind: 'text', text };
}

/**
 * Image names are lowercase. ASCII only: Unicode's mapping turns, for example, the Kelvin sign into a plain
 * `k`, and so one project into another.
 */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function unusable(why: string): ClaimText {
  return { kind: 'unusable', why };
}
