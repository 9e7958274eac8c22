/** A body on its way from the upstream to the client, changed. */
export interface BodyTransform {
  /** What may leave now; undefined: nothing yet, and the head waits with it. A text says why the answer cannot be relayed. */
  push(chunk: Buffer): Buffer | string | undefined;
  /** What is left; or why the answer cannot be relayed, only where nothing has left yet. */
  end(): Buffer | string;
}
