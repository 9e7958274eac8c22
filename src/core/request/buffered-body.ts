import type { Refusal } from '../decision.ts';
import type { Incoming } from './incoming.ts';
import type { RequestHead } from './request-head.ts';

/** What has been read of a request's body before it is forwarded; the upstream gets it first. */
export interface TakenBody {
  readonly bytes: Buffer;
  /** Nothing follows. */
  readonly whole: boolean;
}

export interface BodyWanted {
  /** `start`: more than is wanted is no error. */
  readonly part: 'whole' | 'start';
  readonly maxBytes: number;
  /** It is read before anybody is known. */
  readonly ofAnybody?: boolean;
}

/** Reads as much of a body as is wanted, bounded in size and time. */
export type TakeBody = (
  request: { readonly incoming: Incoming; readonly head: RequestHead },
  wanted: BodyWanted,
) => Promise<TakenBody | Refusal>;
