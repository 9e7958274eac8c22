/** Values of one metric of one lane, one per round. */
export interface Figure {
  readonly lane: string;
  readonly metric: Metric;
  readonly samples: readonly number[];
}

export const METRICS = [
  'CPU µs/request',
  'requests/s',
  'CPU ms/GiB',
  'seconds',
  'RSS peak +MiB',
  'p50 ms',
  'p99 ms',
  'CPU ms',
  'start to ready ms',
  'RSS MiB',
  'KiB/connection',
] as const;

export type Metric = (typeof METRICS)[number];

/** The figures of a run, by scenario. */
export type Figures = Readonly<Record<string, readonly Figure[]>>;

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return { median: (lower + upper) / 2, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

export function samplesOf(figures: readonly Figure[], lane: string, metric: Metric): readonly number[] {
  return figures.find((figure) => figure.lane === lane && figure.metric === metric)?.samples ?? [];
}
