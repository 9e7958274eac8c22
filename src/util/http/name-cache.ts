/** Characters. */
const MAX_LENGTH = 64;

/**
 * Caches a function of header names as spelled: clients and servers use few spellings. Beyond `max` names, and for longer
 * ones, each result is computed again, which bounds the memory.
 */
export function cacheByName<Result extends NonNullable<unknown>>(
  compute: (name: string) => Result,
  max = 500,
): (name: string) => Result {
  const results = new Map<string, Result>();
  return (name) => {
    const known = results.get(name);
    if (known !== undefined) return known;
    const result = compute(name);
    if (results.size < max && name.length <= MAX_LENGTH) results.set(name, result);
    return result;
  };
}
