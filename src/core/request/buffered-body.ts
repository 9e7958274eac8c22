import type { Refusal } from '../decision.ts';
import type { Incoming } from './incoming.ts';
import type { RequestHead } from './request-head.ts';

/** What has been read of a request's body before it is forwarded; the upstream gets it first. */
export interface BufferedBody {
  readonly bytes: Buffer;
  /** Nothing follows. */
  readonly whole: boolean;
}

export interface BodyRequirement {
  /** `start`: more than is wanted is no error. */
  readonly part: 'whole' | 'start';
  readonly maxBytes: number;
  /** It is read before anybody is known. */
  readonly beforeAuthentication?: boolean;
}

/** Reads as much of a body as is wanted, bounded in size and time. */
export type BufferBody = (
  request: { readonly incoming: Incoming; readonly head: RequestHead },
  wanted: BodyRequirement,
) => Promise<BufferedBody | Refusal>;
