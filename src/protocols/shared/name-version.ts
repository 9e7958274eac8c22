/**
 * All possible names in `NAME-VERSION`. Names may contain hyphens and digits, and servers split at different
 * hyphens, so the caller needs a grant for every candidate.
 */
export function namesBeforeVersion(stem: string): readonly string[] {
  return [...stem.matchAll(/-(?=v?\d)/gi)].map(({ index }) => stem.slice(0, index));
}
