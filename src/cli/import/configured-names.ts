/** Returns a name for each text: only characters that a name of the configuration accepts, and no name twice. */
export function createNamer(fallback: string, pattern: RegExp, maxLength: number): (text: string) => string {
  const taken = new Set<string>();
  return (text) => {
    const safe = text.replaceAll(pattern, '-').replace(/^[^A-Za-z0-9]+/, '');
    const start = (safe === '' ? fallback : safe).slice(0, maxLength);
    let name = start;
    for (let number = 2; taken.has(name); number += 1) name = `${start.slice(0, maxLength - 4)}-${number}`;
    taken.add(name);
    return name;
  };
}
