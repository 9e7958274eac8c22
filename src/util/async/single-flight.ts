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
    return this.running(key) ?? this.share(key, work());
  }

  /** The running execution with this key, if any. */
  running(key: string): Promise<V> | undefined {
    return this.#flights.get(key);
  }

  /** Shares a new execution with later calls. */
  share(key: string, flight: Promise<V>): Promise<V> {
    if (this.#flights.size >= this.#limit) return flight;
    this.#flights.set(key, flight);
    const remove = (): void => void this.#flights.delete(key);
    flight.then(remove, remove);
    return flight;
  }
}
