import { FIRST_READ } from './read-buffer.ts';
import type { Reader } from './reader.ts';

/** Buffers that are kept for the next response, of all TLS connections together. */
const MAX_FREE = 64;

const free: Buffer[] = [];

/**
 * The buffers into which one TLS connection is read. Node passes on every record of a read of the TCP socket, at most
 * 64 KiB, although the first of them paused the connection (TLSWrap::ClearOut in src/crypto/crypto_tls.cc). While bytes
 * are in use, later records are read behind them. An idle connection has no buffers.
 */
export class RecordBuffers {
  readonly #reader: Reader;
  readonly #buffers: Buffer[] = [];
  /** The place of the next byte; the bytes before it may be in use. */
  #index = 0;
  #offset = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The buffer of the next read. Node asks for it at the start and after each call of `onread`. */
  readonly next = (): Buffer => {
    switch (this.#reader.buffers) {
      case 'none':
        this.#release();
        return FIRST_READ;
      case 'reusable':
        this.#index = 0;
        this.#offset = 0;
        break;
      case 'in-use':
        if (this.#offset < FIRST_READ.length) break;
        this.#index += 1;
        this.#offset = 0;
        break;
      default:
        this.#reader.buffers satisfies never;
    }
    return this.#current().subarray(this.#offset);
  };

  /** `next` contains `length` bytes. */
  received(length: number): void {
    // The bytes are still in the shared buffer.
    const first = this.#buffers.length === 0;
    const buffer = this.#current();
    if (first) FIRST_READ.copy(buffer, 0, 0, length);
    const view = buffer.subarray(this.#offset, this.#offset + length);
    if (this.#reader.buffers !== 'in-use') this.#keepOnly(buffer);
    this.#offset += length;
    this.#reader.read(view);
  }

  /** The earlier bytes are not in use any more: their buffers follow the present one. */
  #keepOnly(buffer: Buffer): void {
    this.#buffers[this.#index] = this.#buffers[0] ?? buffer;
    this.#buffers[0] = buffer;
    this.#index = 0;
  }

  #current(): Buffer {
    return (this.#buffers[this.#index] ??= free.pop() ?? Buffer.allocUnsafeSlow(FIRST_READ.length));
  }

  #release(): void {
    for (const buffer of this.#buffers.splice(0)) if (free.length < MAX_FREE) free.push(buffer);
    this.#index = 0;
    this.#offset = 0;
  }
}
