/**
 * Caches the results of a pure function. Clients determine the texts, so their number and length are bounded: a full
 * cache starts again, and longer texts are computed each time.
 */
export function remember<V>(compute: (text: string) => V): (text: string) => V {
  const results = new Map<string, V>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = compute(text);
    if (text.length <= MAX_LENGTH) {
      if (results.size >= MAX_RESULTS) results.clear();
      // A copy: a part of a token would keep the whole token in memory.
      results.set(Buffer.from(text).toString(), result);
    }
    return result;
  };
}

const MAX_RESULTS = 100;

/** UTF-16 units. */
const MAX_LENGTH = 1024;
