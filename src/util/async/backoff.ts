const FIRST = 1_000;
/** Milliseconds. */
export const MAX_BACKOFF = 60_000;

/** Milliseconds to wait after consecutive failures: 1 s, 2 s, 4 s … 60 s, each minus a random part of up to 20 %. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const full = Math.min(MAX_BACKOFF, FIRST * 2 ** (failures - 1));
  return full * (1 - random() / 5);
}

/** `interval` ± 10 %, so that replicas that start together do not call at the same time. */
export function jittered(interval: number, random: () => number = Math.random): number {
  return interval * (0.9 + random() / 5);
}
