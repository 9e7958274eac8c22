/** Bytes. V8 starts an incremental major collection when external memory has grown by 64 MiB since the last one. */
const ENOUGH = 72 * 1024 * 1024;

/**
 * Makes V8 start an incremental major collection. Without it, V8 lets a heap grow to a multiple of its size, and a
 * reload replaces objects that V8 takes for long-lived. The pages of the buffer are never written: they use no memory.
 */
export function collectSoon(): void {
  try {
    void new ArrayBuffer(ENOUGH).byteLength;
  } catch {
    // No address space: the next collection comes when V8 needs it.
  }
}
