import type { ConfigurationSnapshot } from './configuration-snapshot.ts';
import type { Forwarder } from '../proxy/index.ts';

/** The generation in force, and those before it whose requests are not done. */
export class SnapshotManager {
  #current: ConfigurationSnapshot;
  readonly #past = new Set<ConfigurationSnapshot>();
  readonly #closing = new Set<Promise<void>>();
  readonly #end = Promise.withResolvers<void>();

  constructor(first: ConfigurationSnapshot) {
    this.#current = first;
  }

  get current(): ConfigurationSnapshot {
    return this.#current;
  }

  /** From the next request on `next` decides; what is under way ends as it began. */
  activate(next: ConfigurationSnapshot): void {
    const previous = this.#current;
    this.#current = next;
    this.#past.add(previous);
    void previous.pipeline.idle().then(() => this.#past.delete(previous));
    const closed = previous.retire(next, (forwarder) => this.#inUse(forwarder));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }

  /** Nothing is under way any more, or it has been cut. */
  async end(): Promise<void> {
    this.#end.resolve();
    await Promise.all([this.#current.retire(undefined, () => Promise.resolve()), ...this.#closing]);
  }

  /** A service that stays the same is one forwarder for several generations. */
  #inUse(forwarder: Forwarder): Promise<unknown> {
    const users = [...this.#past].filter(({ resources }) =>
      [...resources.forwarders.values()].some(({ made }) => made === forwarder),
    );
    return Promise.race([this.#end.promise, Promise.all(users.map(({ pipeline }) => pipeline.idle()))]);
  }
}
