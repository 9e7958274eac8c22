import { foldLoosely } from './header-name.ts';

/** Finds the value of a loosely folded header name in lists of names; a trailing `*` matches any suffix. */
export function compileHeaderNames<T>(
  lists: Iterable<readonly [names: readonly string[], value: T]>,
): (folded: string) => T | undefined {
  const exact = new Map<string, T>();
  const prefixes: (readonly [prefix: string, value: T])[] = [];
  for (const [names, value] of lists) {
    for (const name of names) {
      if (name.endsWith('*')) prefixes.push([foldLoosely(name.slice(0, -1)), value]);
      else exact.set(foldLoosely(name), value);
    }
  }
  return (folded) => exact.get(folded) ?? prefixes.find(([prefix]) => folded.startsWith(prefix))?.[1];
}
