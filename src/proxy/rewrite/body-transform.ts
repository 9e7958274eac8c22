import type { InvalidResponse } from '../transport/invalid-response.ts';

/** Rewrites a response body while it is relayed. */
export interface BodyTransform {
  /** Bytes to send now; undefined: none yet, and the response head waits too. `view` is valid during the call only. */
  push(view: Buffer): Buffer | InvalidResponse | undefined;
  /** The remaining bytes; `invalid` only if no bytes were sent before. */
  end(): Buffer | InvalidResponse;
}
