export interface BatchedWriter {
  writeNow(): void;
}

/**
 * Writes the requests of one turn of the event loop together, after its other events. A write to an upstream that waits
 * for data wakes its process up, which is the most expensive part of the system call: the first write of a batch wakes
 * it, and the upstream reads the others in the same turn.
 */
export class WriteBatch {
  #writers: BatchedWriter[] = [];

  add(writer: BatchedWriter): void {
    if (this.#writers.push(writer) === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.writeNow();
  };
}
