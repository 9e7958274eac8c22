const indexes = new WeakMap<object, ReadonlyMap<string, unknown>>();

/** The entries of an immutable list by name. The index is made once per list; of equal names the first counts. */
export function indexByName<T extends { readonly name: string }>(
  entries: readonly T[],
): ReadonlyMap<string, T> {
  const known = indexes.get(entries) as ReadonlyMap<string, T> | undefined;
  if (known !== undefined) return known;
  const index = new Map<string, T>();
  for (const entry of entries) if (!index.has(entry.name)) index.set(entry.name, entry);
  indexes.set(entries, index);
  return index;
}
