/** Bytes of a file name, in most file systems. The work grows with the square of the length. */
const MAX_LENGTH = 255;

/**
 * All possible names in `NAME-VERSION`; none if the text is longer than the name of a file. Names may contain hyphens and
 * digits, and servers split at different hyphens, so the caller needs a grant for every candidate.
 */
export function namesBeforeVersion(stem: string): readonly string[] {
  if (stem.length > MAX_LENGTH) return [];
  return [...stem.matchAll(/-(?=v?\d)/gi)].map(({ index }) => stem.slice(0, index));
}
