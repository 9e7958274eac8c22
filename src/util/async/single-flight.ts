/** Concurrent calls with the same key share one execution and its result. */
export class SingleFlight<V> {
  readonly #flights = new Map<string, Promise<V>>();
  readonly #limit: number;

  /** Beyond `limit` concurrent keys, executions are not shared, which bounds the memory. */
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
    const remove = (): void => void this.#flights.delete(key);
    flight.then(remove, remove);
    return flight;
  }
}
