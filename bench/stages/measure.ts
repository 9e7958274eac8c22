/** One stage of a request, measured alone. */
export interface Stage {
  readonly name: string;
  /** Runs `size` calls on new inputs, and resolves with the nanoseconds per call without the making of the inputs. */
  readonly batch: (size: number) => number | Promise<number>;
}

export interface StageResult {
  readonly name: string;
  /** Nanoseconds per call. */
  readonly median: number;
  readonly lowest: number;
}

/**
 * `make` makes the input of one call. Strings must be new ones, because V8 keeps the hash of a string with it, and the
 * strings of a request are new.
 */
export function stage<T>(name: string, make: () => T, run: (input: T) => unknown): Stage {
  return {
    name,
    batch(size) {
      const inputs = Array.from({ length: size }, make);
      const started = performance.now();
      for (const input of inputs) run(input);
      return ((performance.now() - started) * 1e6) / size;
    },
  };
}

/** A stage that resolves later; the calls of a batch run one after the other. */
export function asyncStage<T>(name: string, make: () => T, run: (input: T) => unknown): Stage {
  return {
    name,
    async batch(size) {
      const inputs = Array.from({ length: size }, make);
      const started = performance.now();
      for (const input of inputs) await run(input);
      return ((performance.now() - started) * 1e6) / size;
    },
  };
}

export interface Effort {
  /** Batches of each stage; other load on the machine affects some of them. */
  readonly batches: number;
  /** Calls in one batch. */
  readonly size: number;
}

/** Batches that only warm up the JIT. */
const WARM_UP = 20;

/** The batches of all stages are interleaved. */
export async function measureStages(stages: readonly Stage[], effort: Effort): Promise<StageResult[]> {
  const samples = stages.map((): number[] => []);
  for (let round = 0; round < WARM_UP + effort.batches; round += 1) {
    for (const [i, { batch }] of stages.entries()) {
      const nanoseconds = await batch(effort.size);
      if (round >= WARM_UP) samples[i]?.push(nanoseconds);
    }
  }
  return stages.map(({ name }, i) => {
    const sorted = (samples[i] ?? []).toSorted((a, b) => a - b);
    return { name, median: sorted[sorted.length >> 1] ?? NaN, lowest: sorted[0] ?? NaN };
  });
}
