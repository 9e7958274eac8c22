import { eventually } from './eventually.ts';

/** Resolves with the largest value once it has stopped growing. */
export async function plateau(value: () => number): Promise<number> {
  let last = -1;
  let since = performance.now();
  return eventually(
    'it stops growing',
    () => {
      const now = value();
      if (now !== last) since = performance.now();
      last = now;
      return performance.now() - since > 300 && now > 0 && { now };
    },
    10_000,
  ).then(({ now }) => now);
}
