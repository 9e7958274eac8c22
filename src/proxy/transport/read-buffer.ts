import type { Reader } from './reader.ts';

/** Bytes; the most that one read of a socket returns. */
const SMALL = 64 * 1024;
/** With fewer reads and writes, a large body takes a quarter less CPU time. */
const LARGE = 256 * 1024;
/** Connections with a large buffer: 8 MiB, however many bodies wait for slow clients. */
const MAX_LARGE = 32;
/** Small buffers that are kept for the next response. */
const MAX_FREE = 16;

let largeInUse = 0;
const free: Buffer[] = [];
/**
 * Receives the first read of a response on every idle connection. It is copied before the next read, so that no
 * connection sees bytes of another. A TLS record has at most this length (RFC 8446 §5.1).
 */
export const FIRST_READ = Buffer.allocUnsafeSlow(16 * 1024);

/**
 * The buffer into which one TCP connection is read. An idle connection has no buffer. It grows when a read fills it.
 * The one before is not freed here: a write to a client may still use it.
 */
export class ReadBuffer {
  readonly #reader: Reader;
  #bytes: Buffer = FIRST_READ;
  #closed = false;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The buffer of the next read. Node asks for it at the start and after each call of `onread`. */
  readonly next = (): Buffer => {
    if (this.#reader.buffers === 'none' && this.#bytes !== FIRST_READ) this.#release();
    return this.#bytes;
  };

  /** `next` contains `length` bytes. */
  received(length: number): void {
    this.#reader.read(this.#take(length));
  }

  close(): void {
    if (this.#bytes.length === LARGE && !this.#closed) largeInUse -= 1;
    this.#closed = true;
  }

  /** The bytes of a read, which stay unchanged until the next one. */
  #take(length: number): Buffer {
    if (this.#bytes === FIRST_READ) {
      this.#bytes = free.pop() ?? Buffer.allocUnsafeSlow(SMALL);
      FIRST_READ.copy(this.#bytes, 0, 0, length);
      return this.#bytes.subarray(0, length);
    }
    const view = this.#bytes.subarray(0, length);
    if (length === SMALL && this.#bytes.length === SMALL && !this.#closed) this.#grow();
    return view;
  }

  #grow(): void {
    if (largeInUse >= MAX_LARGE) return;
    largeInUse += 1;
    this.#bytes = Buffer.allocUnsafeSlow(LARGE);
  }

  #release(): void {
    if (this.#bytes.length === LARGE) {
      if (!this.#closed) largeInUse -= 1;
    } else if (free.length < MAX_FREE) free.push(this.#bytes);
    this.#bytes = FIRST_READ;
  }
}
