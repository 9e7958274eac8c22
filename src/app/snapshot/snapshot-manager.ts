import type { ConfigurationSnapshot } from './configuration-snapshot.ts';
import type { Forwarder } from '../../proxy/index.ts';

/** Holds the active snapshot, and previous ones until their requests have finished. */
export class SnapshotManager {
  #current: ConfigurationSnapshot;
  readonly #previous = new Set<ConfigurationSnapshot>();
  readonly #closing = new Set<Promise<void>>();
  readonly #end = Promise.withResolvers<void>();

  constructor(first: ConfigurationSnapshot) {
    this.#current = first;
  }

  get current(): ConfigurationSnapshot {
    return this.#current;
  }

  /** New requests use `next`; requests in flight keep their snapshot. */
  activate(next: ConfigurationSnapshot): void {
    const previous = this.#current;
    this.#current = next;
    this.#previous.add(previous);
    void previous.idle().then(() => this.#previous.delete(previous));
    const closed = previous.retire(next, (forwarder) => this.#inUse(forwarder));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }

  /** Resolves when no request of any snapshot is in flight, so that each one has its audit event. */
  async idle(): Promise<void> {
    await Promise.all([this.#current, ...this.#previous].map((snapshot) => snapshot.idle()));
  }

  /** Retires the active snapshot. Call it after all requests have finished or were aborted. */
  async end(): Promise<void> {
    this.#end.resolve();
    await Promise.all([this.#current.retire(undefined, () => Promise.resolve()), ...this.#closing]);
  }

  /** Settles when no previous snapshot uses the forwarder: unchanged services share one across snapshots. */
  #inUse(forwarder: Forwarder): Promise<unknown> {
    const users = [...this.#previous].filter(({ resources }) =>
      [...resources.forwarders.values()].some(({ made }) => made === forwarder),
    );
    return Promise.race([this.#end.promise, Promise.all(users.map((snapshot) => snapshot.idle()))]);
  }
}
