import type { Log } from '../core/ports.ts';

/** Milliseconds. With the flush, they bound the time between the end of the drain and the end of the process. */
export const STEP_DEADLINES = {
  account: 250,
  release: 250,
  flushAtLeast: 1_000,
  flushAtMost: 5_000,
} as const;

/** Milliseconds for each step once a second signal has arrived. */
const AFTER_SECOND_SIGNAL = 250;

/** Runs the steps of a shutdown. A step that hangs or fails is logged and does not prevent the next one. */
export interface Shutdown {
  step(name: string, milliseconds: number, run: (expired: Promise<void>) => Promise<unknown>): Promise<void>;
}

/** `cut` settles with a second signal; it shortens the steps. */
export function createShutdown(log: Log, cut: Promise<unknown>): Shutdown {
  return {
    async step(name, milliseconds, run) {
      const deadline = createDeadline(milliseconds, cut);
      const done = run(deadline.expired).then(
        () => true,
        (error: unknown) => {
          log.error('a shutdown step failed', { step: name, error: errorName(error) });
          return true;
        },
      );
      // A step that observes the deadline itself ends with it, and must be counted as done.
      const expired = deadline.expired.then(() => new Promise((resolve) => setImmediate(resolve)));
      const inTime = await Promise.race([done, expired.then(() => false)]);
      deadline.clear();
      if (!inTime) log.warn('a shutdown step did not end in time', { step: name, milliseconds });
    },
  };
}

function createDeadline(
  milliseconds: number,
  cut: Promise<unknown>,
): { readonly expired: Promise<void>; readonly clear: () => void } {
  const { promise: expired, resolve } = Promise.withResolvers<void>();
  let timer = setTimeout(resolve, milliseconds);
  let cleared = false;
  void cut.then(() => {
    if (cleared) return;
    clearTimeout(timer);
    timer = setTimeout(resolve, Math.min(milliseconds, AFTER_SECOND_SIGNAL));
  });
  const clear = (): void => {
    cleared = true;
    clearTimeout(timer);
  };
  return { expired, clear };
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/**
 * Milliseconds for the flush of the audit trail: the unused part of the drain and one second. A stalled reader then delays
 * the end of an idle process by `flushAtMost`, and the end of a full drain by `flushAtLeast`.
 */
export function flushTime(drain: number, elapsed: number): number {
  const { flushAtLeast, flushAtMost } = STEP_DEADLINES;
  return Math.min(flushAtMost, Math.max(0, drain - elapsed) + flushAtLeast);
}
