/** setTimeout fires immediately for longer delays. */
const MAX_TIMER_DELAY = 2 ** 31 - 1;
const MIN_TIMER_DELAY = 1_000;

/** The delay of the timer for the next fetch of a key set. */
export function refreshDelay(wait: number): number {
  return Math.min(MAX_TIMER_DELAY, Math.max(MIN_TIMER_DELAY, wait));
}
