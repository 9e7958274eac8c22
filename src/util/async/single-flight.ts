/** Concurrent callers with the same key share one piece of work and its outcome. */
export class SingleFlight<V> {
  readonly #flights = new Map<string, Promise<V>>();
  readonly #limit: number;

  /** Beyond `limit` keys at a time, work is done but not shared: memory stays bounded, answers stay right. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#flights.size;
  }

  run(key: string, work: () => Promise<V>): Promise<V> {
    const running = this.#flights.get(key);
    if (running !== undefined) return running;
    const flight = work();
    if (this.#flights.size >= this.#limit) return flight;
    this.#flights.set(key, flight);
    const land = (): void => void this.#flights.delete(key);
    flight.then(land, land);
    return flight;
  }
}
