import { Histogram, type Registry } from 'prom-client';
import type { Metric } from './counter-grid.ts';
import { Cells, type LabelValues, Layout } from './layout.ts';
import type { Label } from './names.ts';

/** Bucket bounds in seconds: fine below 100 ms, the usual range of a gateway, and up to 10 s, the usual timeouts. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export const BUCKET_BOUNDS: readonly number[] = [...BUCKETS, Infinity];

/** Includes the last, unbounded bucket. */
const WIDTH = BUCKET_BOUNDS.length;

interface Distribution {
  readonly labels: LabelValues;
  /** Cumulative observations up to each bound; the last value is the total. */
  readonly cumulative: readonly number[];
  readonly sum: number;
}

/** Durations by combinations of label values. */
export class HistogramGrid {
  readonly #layout: Layout;
  readonly #sums = new Cells();
  readonly #buckets = new Cells();

  constructor(...labels: [Label, Label?, Label?, Label?]) {
    this.#layout = new Layout(...labels);
  }

  /** `places`: the indexes of the label values, in the order of the labels. */
  observe(seconds: number, a: number, b = 0, c = 0, d = 0): void {
    const place = this.#layout.placeOf(a, b, c, d);
    let bucket = 0;
    // Not "seconds > bound": NaN belongs in the last bucket.
    while (bucket < BUCKETS.length && !(seconds <= (BUCKETS[bucket] ?? 0))) bucket++;
    this.#sums.add(place, seconds);
    this.#buckets.add(place * WIDTH + bucket, 1);
  }

  *entries(): Generator<Distribution> {
    for (let place = 0; place * WIDTH < this.#buckets.length; place++) {
      let count = 0;
      const cumulative = Array.from(
        { length: WIDTH },
        (_, i) => (count += this.#buckets.at(place * WIDTH + i)),
      );
      if (count > 0) yield { labels: this.#layout.labelsAt(place), cumulative, sum: this.#sums.at(place) };
    }
  }
}

export function exposeHistograms(registry: Registry, metric: Metric, grid: HistogramGrid): void {
  new GridHistogram(registry, metric, grid);
}

/** prom-client cannot import counts into a histogram, so this class produces its own metric values. */
class GridHistogram extends Histogram {
  readonly #grid: HistogramGrid;
  readonly #metric: Metric;

  constructor(registry: Registry, metric: Metric, grid: HistogramGrid) {
    const { name, help, labelNames } = metric;
    super({ name, help, labelNames, buckets: BUCKETS, registers: [registry] });
    this.#grid = grid;
    this.#metric = metric;
  }

  /** The source of both `get` and the text of the registry. */
  getForPromString() {
    const values = [...this.#grid.entries()].flatMap((one) => this.#values(one));
    return Promise.resolve({ name: this.#metric.name, help: this.#metric.help, type: 'histogram', values });
  }

  #values({ labels, cumulative, sum }: Distribution) {
    const { name, complete = (labels: LabelValues) => labels } = this.#metric;
    const own = complete(labels);
    return [
      ...cumulative.map((value, i) => ({
        metricName: `${name}_bucket`,
        labels: { le: BUCKETS[i] === undefined ? '+Inf' : String(BUCKETS[i]), ...own },
        value,
      })),
      { metricName: `${name}_sum`, labels: own, value: sum },
      { metricName: `${name}_count`, labels: own, value: cumulative.at(-1) ?? 0 },
    ];
  }
}
