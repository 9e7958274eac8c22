import { isDeepStrictEqual } from 'node:util';

/** Things by their names, each with the settings that it was made of. */
export type ReusableResources<S, T> = ReadonlyMap<string, { readonly of: S; readonly made: T }>;

/**
 * What is wanted next: taken over from the last estate where it was made of the same settings, made anew where not. Where
 * one cannot be made, those that were made before it are let go of, and nothing has changed.
 */
export function reuse<S, T>(
  last: ReusableResources<S, T> | undefined,
  wanted: readonly (readonly [name: string, of: S])[],
  make: (of: S, name: string) => T,
  release: (made: T) => void = () => undefined,
): ReusableResources<S, T> {
  const next = new Map<string, { readonly of: S; readonly made: T }>();
  try {
    for (const [name, of] of wanted) {
      const known = last?.get(name);
      const taken = known !== undefined && isDeepStrictEqual(known.of, of);
      next.set(name, taken ? known : { of, made: make(of, name) });
    }
  } catch (error) {
    for (const made of missingFrom(next, last)) release(made);
    throw error;
  }
  return next;
}

/** What the one has and the other has not taken over. */
export function missingFrom<S, T>(
  one: ReusableResources<S, T>,
  other: ReusableResources<S, T> | undefined,
): readonly T[] {
  return [...one].flatMap(([name, { made }]) => (other?.get(name)?.made === made ? [] : [made]));
}
