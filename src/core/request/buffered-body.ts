import type { Refusal } from '../decision.ts';
import type { Incoming } from './incoming.ts';
import type { RequestHead } from './request-head.ts';

/** The part of a request body that was read before forwarding. It is forwarded first. */
export interface BufferedBody {
  readonly bytes: Buffer;
  /** True if this is the complete body. */
  readonly whole: boolean;
}

/** How much of a request body must be buffered. */
export interface BodyRequirement {
  /** `whole`: a body longer than `maxBytes` is refused. `start`: the rest of a longer body is streamed. */
  readonly part: 'whole' | 'start';
  readonly maxBytes: number;
  /** The body is read before the client is authenticated. */
  readonly beforeAuthentication?: boolean;
}

/** Reads the required part of a request body, within limits of size and time. */
export type BufferBody = (
  request: { readonly incoming: Incoming; readonly head: RequestHead },
  requirement: BodyRequirement,
) => Promise<BufferedBody | Refusal>;
