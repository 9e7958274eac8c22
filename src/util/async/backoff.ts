const FIRST = 1_000;
const LONGEST = 60_000;

/** Milliseconds to wait after so many failures in a row: 1 s, 2 s, 4 s … 60 s, each less up to a fifth. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST, FIRST * 2 ** (failures - 1));
  return full * (1 - random() / 5);
}

/** `interval` ± 10 %, so that replicas started together do not call together. */
export function jittered(interval: number, random: () => number = Math.random): number {
  return interval * (0.9 + random() / 5);
}
