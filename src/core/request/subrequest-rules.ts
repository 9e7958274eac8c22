import type { Deny } from '../decision.ts';
import type { Forward } from './forwarding.ts';
import type { Classification, RequestedOperations, RoutePlan, UnknownOperation } from './protocol.ts';
import type { RequestHead } from './request-head.ts';
import type { RequestLine } from './incoming.ts';

/**
 * The authorization of requests that a proxy forwards. The gateway can neither rewrite such a request nor read its
 * body, so it refuses a request that it would have rewritten, or whose operation is in the body.
 */
export interface SubrequestRules {
  /** Refuses a request that the gateway would not forward as the client sent it. */
  readonly refuseRewriting: (original: RequestLine, head: RequestHead) => Deny | undefined;
  /** Refuses an operation in the body. */
  readonly refuseBody: (classified: Classification) => Deny | undefined;
  /** The operations that an upstream can read from the body instead; all must be granted. Undefined: none. */
  readonly operationsOfForm: (head: RequestHead) => RequestedOperations | UnknownOperation | undefined;
  /** Refuses an allowed request that the gateway would forward with another query. */
  readonly refusePlan: (head: RequestHead, plan: RoutePlan | undefined) => Deny | undefined;
  /** Responds to the subrequest of an allowed request. */
  readonly respond: Forward;
}
