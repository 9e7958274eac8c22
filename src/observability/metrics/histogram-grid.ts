import { Histogram, type Registry } from 'prom-client';
import type { Metric } from './counter-grid.ts';
import { Cells, type LabelValues, Layout } from './layout.ts';
import type { Label } from './names.ts';

/** Seconds. Fine below 100 ms, where a gateway lives; up to 10 s, where time limits do. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** With the last, unbounded one. */
const WIDTH = BUCKETS.length + 1;

interface Distribution {
  readonly labels: LabelValues;
  /** Observations up to each bound; the last is all of them. */
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

  /** Takes the places of the label values, in the order of the labels. */
  observe(seconds: number, a: number, b = 0, c = 0, d = 0): void {
    const place = this.#layout.placeOf(a, b, c, d);
    let bucket = 0;
    // Not "seconds > bound": what is no number belongs in the last bucket.
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

/** prom-client has no way to hand counts to a histogram, so this one answers for itself. */
class GridHistogram extends Histogram {
  readonly #grid: HistogramGrid;
  readonly #metric: Metric;

  constructor(registry: Registry, metric: Metric, grid: HistogramGrid) {
    const { name, help, labelNames } = metric;
    super({ name, help, labelNames, buckets: BUCKETS, registers: [registry] });
    this.#grid = grid;
    this.#metric = metric;
  }

  /** What both `get` and the registry's text come from. */
  getForPromString() {
    const values = [...this.#grid.entries()].flatMap((one) => this.#values(one));
    return Promise.resolve({ name: this.#metric.name, help: this.#metric.help, type: 'histogram', values });
  }

  #values({ labels, cumulative, sum }: Distribution) {
    const { name, complete = (given: LabelValues) => given } = this.#metric;
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
