/** Bytes; what one read of a socket returns at most. */
const SMALL = 64 * 1024;
/** With fewer reads and writes, a large body takes a quarter less CPU time. */
const LARGE = 256 * 1024;
/** Connections with a large buffer: 8 MiB, however many bodies wait for slow clients. */
const MAX_LARGE = 32;

let largeInUse = 0;

/**
 * The buffer into which one connection is read. It grows when a read fills it. The one before is not freed here: a write
 * to a client may still use it.
 */
export class ReadBuffer {
  #bytes = Buffer.allocUnsafeSlow(SMALL);
  #closed = false;

  /** The buffer of the next read. */
  readonly current = (): Buffer => this.#bytes;

  read(length: number): Buffer {
    const view = this.#bytes.subarray(0, length);
    if (length === SMALL && this.#bytes.length === SMALL && !this.#closed) this.#grow();
    return view;
  }

  close(): void {
    if (this.#bytes.length === LARGE && !this.#closed) largeInUse -= 1;
    this.#closed = true;
  }

  #grow(): void {
    if (largeInUse >= MAX_LARGE) return;
    largeInUse += 1;
    this.#bytes = Buffer.allocUnsafeSlow(LARGE);
  }
}
