/** Receives the bytes that arrive on a connection. */
export interface Reader {
  /** `bytes` are part of a buffer that is reused after the call, unless `buffers` is `in-use`. */
  read(bytes: Buffer): void;
  /**
   * `none`: no response is expected, and no bytes are in use. `in-use`: a paused handler still uses the bytes of this
   * read and of the reads that follow until it resumes.
   */
  readonly buffers: 'none' | 'reusable' | 'in-use';
}
