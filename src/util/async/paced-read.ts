/**
 * Calls `work` so that every caller gets the result of an execution that began after its call. Executions do not
 * overlap, begin at least `pace` milliseconds apart, and waiting callers share one.
 */
export function createPacedRead(pace: number, work: () => Promise<void>): () => Promise<void> {
  let begun = -Infinity;
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function start(previous: Promise<void>): Promise<void> {
    await previous.catch(() => undefined);
    const wait = begun + pace - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    next = undefined;
    begun = performance.now();
    running = work();
    await running;
  }

  return () => (next ??= start(running));
}
