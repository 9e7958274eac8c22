/**
 * What can stand before the version in `NAME-VERSION`. Names may have hyphens and digits, and servers differ in which hyphen they
 * cut at: whoever asks must be granted all that it could mean.
 */
export function namesBeforeVersion(stem: string): readonly string[] {
  return [...stem.matchAll(/-(?=v?\d)/gi)].map(({ index }) => stem.slice(0, index));
}
