import type { Label } from './names.ts';

export type LabelValues = Record<string, string>;

/**
 * Maps a combination of label values to an index of a flat array. The last label varies fastest;
 * only the first label may gain values later, so that existing indexes do not change.
 */
export class Layout {
  readonly #labels: readonly Label[];
  readonly #strides: readonly [number, number, number, number];

  constructor(...labels: [Label, Label?, Label?, Label?]) {
    this.#labels = labels.filter((label) => label !== undefined);
    const [, second = 1, third = 1, fourth = 1] = this.#labels.map(({ values }) => values.length);
    this.#strides = [second * third * fourth, third * fourth, fourth, 1];
  }

  /** `places`: the indexes of the values in the lists of their labels. */
  placeOf(a: number, b = 0, c = 0, d = 0): number {
    const [first, second, third, fourth] = this.#strides;
    return a * first + b * second + c * third + d * fourth;
  }

  labelsAt(place: number): LabelValues {
    const values: LabelValues = {};
    let rest = place;
    for (const [i, label] of this.#labels.entries()) {
      const stride = this.#strides[i] ?? 1;
      values[label.name] = label.values[Math.floor(rest / stride)] ?? 'other';
      rest %= stride;
    }
    return values;
  }
}

/** An array of numbers that grows on demand; new numbers start at 0. */
export class Cells {
  #cells = new Float64Array(64);

  add(place: number, amount: number): void {
    if (place >= this.#cells.length) {
      const larger = new Float64Array(Math.max(place + 1, this.#cells.length * 2));
      larger.set(this.#cells);
      this.#cells = larger;
    }
    this.#cells[place] = this.at(place) + amount;
  }

  at(place: number): number {
    return this.#cells[place] ?? 0;
  }

  get length(): number {
    return this.#cells.length;
  }
}
