/**
 * The memory of body chunks that are written to a socket. It is freed as soon as the kernel has the bytes: memory that
 * waits for the garbage collector causes a collection for every 32 MiB of a body, which costs more than the transfer.
 */
export class ChunkMemory {
  readonly #inFlight: Buffer[] = [];

  /** `written`: the socket holds no bytes any more. Otherwise the chunk is freed by a later call of `free`. */
  release(chunk: Buffer, written: boolean): void {
    if (!written) this.#inFlight.push(chunk);
    else if (this.#inFlight.length === 0) free(chunk);
    else {
      this.#inFlight.push(chunk);
      this.free();
    }
  }

  /** The socket holds no bytes any more. */
  free(): void {
    for (const chunk of this.#inFlight.splice(0)) free(chunk);
  }
}

/** A small chunk is part of a pool of Node, which has other users. */
function free(chunk: Buffer): void {
  const { buffer } = chunk;
  if (chunk.length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
