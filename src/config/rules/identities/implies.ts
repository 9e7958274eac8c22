import { acceptsValue, type MatchParts } from '../../model/match-parts.ts';

/** Whether every value that satisfies `narrow` satisfies `wide`; false where that is undecided. */
export function implies(narrow: MatchParts, wide: MatchParts): boolean {
  if (wide.contains !== undefined && wide.contains !== narrow.contains) return false;
  if (narrow.values !== undefined) return narrow.values.every((value) => acceptsValue(wide, value));
  if (wide.values !== undefined) return false;
  const isScalar = narrow.globs !== undefined || narrow.notIn.length > 0;
  return (
    wide.notIn.every((value) => narrow.notIn.includes(value)) &&
    (wide.globs === undefined ||
      (isScalar && wide.globs.includes('**')) ||
      (narrow.globs?.every((glob) => wide.globs?.includes(glob)) ?? false))
  );
}
