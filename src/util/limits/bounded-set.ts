import { BoundedMap } from './bounded-map.ts';

/** A set of texts. Beyond `max`, the oldest text is removed. */
export class BoundedSet {
  readonly #texts: BoundedMap<string, true>;

  constructor(max: number) {
    this.#texts = new BoundedMap(max);
  }

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    this.#texts.set(text, true);
  }

  delete(text: string): void {
    this.#texts.delete(text);
  }
}
