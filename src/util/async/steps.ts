/** A computation that can be interrupted between its steps. It yields about once in a tenth of a millisecond. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Runs all steps without interruption. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Runs the steps in slices of a few milliseconds, between which the event loop handles other events. */
export async function runInSlices<T>(steps: Steps<T>, sliceMs = 5): Promise<T> {
  for (;;) {
    const end = performance.now() + sliceMs;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (performance.now() < end);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The items of a list in order; yields a step after every few of them. */
export function* inSteps<T>(items: Iterable<T>, visit: (item: T, index: number) => void): Steps<void> {
  let index = 0;
  for (const item of items) {
    visit(item, index);
    index += 1;
    if (index % ITEMS_PER_STEP === 0) yield undefined;
  }
}

const ITEMS_PER_STEP = 16;
