import { isDeepStrictEqual } from 'node:util';

/** Resources by name, each with the settings that it was created from. */
export type ReusableResources<S, T> = ReadonlyMap<string, { readonly of: S; readonly made: T }>;

/**
 * The next set of resources: reuses the resources of `last` with equal settings and creates the others. If
 * one cannot be created, the resources created before it are released and `last` is unchanged.
 */
export function reuse<S, T>(
  last: ReusableResources<S, T> | undefined,
  required: readonly (readonly [name: string, of: S])[],
  make: (of: S, name: string) => T,
  release: (made: T) => void = () => undefined,
): ReusableResources<S, T> {
  const next = new Map<string, { readonly of: S; readonly made: T }>();
  try {
    for (const [name, of] of required) {
      const known = last?.get(name);
      const reusable = known !== undefined && isDeepStrictEqual(known.of, of);
      next.set(name, reusable ? known : { of, made: make(of, name) });
    }
  } catch (error) {
    for (const made of missingFrom(next, last)) release(made);
    throw error;
  }
  return next;
}

/** The resources of `one` that `other` does not reuse. */
export function missingFrom<S, T>(
  one: ReusableResources<S, T>,
  other: ReusableResources<S, T> | undefined,
): readonly T[] {
  return [...one].flatMap(([name, { made }]) => (other?.get(name)?.made === made ? [] : [made]));
}
