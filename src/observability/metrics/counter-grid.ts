import { Counter, type Registry } from 'prom-client';
import { Cells, type LabelValues, Layout } from './layout.ts';
import type { Label } from './names.ts';

/**
 * A counter for each combination of label values. Counting is one addition (8 ns; a prom-client call takes 450 ns);
 * text is built at a scrape. Combinations that were never counted are not exported.
 */
export class CounterGrid {
  readonly #layout: Layout;
  readonly #cells = new Cells();

  constructor(...labels: [Label, Label?, Label?, Label?]) {
    this.#layout = new Layout(...labels);
  }

  /** `places`: the indexes of the label values, in the order of the labels. */
  count(a: number, b = 0, c = 0, d = 0): void {
    this.#cells.add(this.#layout.placeOf(a, b, c, d), 1);
  }

  *entries(): Generator<{ readonly labels: LabelValues; readonly value: number }> {
    for (let place = 0; place < this.#cells.length; place++) {
      const value = this.#cells.at(place);
      if (value !== 0) yield { labels: this.#layout.labelsAt(place), value };
    }
  }
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Adds labels that are derived from other labels, such as the type of a service. */
  readonly complete?: (labels: LabelValues) => LabelValues;
}

export function exposeCounters(registry: Registry, metric: Metric, grid: CounterGrid): void {
  const { complete = (labels: LabelValues) => labels, ...configuration } = metric;
  new Counter({
    ...configuration,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of grid.entries()) this.inc(complete(labels), value);
    },
  });
}
