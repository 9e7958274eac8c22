import type { IncomingMessage } from 'node:http';
import type { Deny } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';

/** The request that a subrequest describes. None of its content is validated. */
export interface DescribedRequest {
  readonly method: string;
  readonly target: string;
  /** The values of `Host`; a valid request has one. */
  readonly hosts: readonly string[];
  readonly proto: ClientFacts['proto'];
  /** The values of `X-Forwarded-For`, set by the proxy. */
  readonly forwardedFor: readonly string[];
  readonly bodyHeader?: string;
  /** The proxy sets `X-Original-*`, so that they are no headers of the client. */
  readonly setsOriginal?: boolean;
}

/** How one kind of proxy describes a request. */
export type Contract = (req: IncomingMessage) => DescribedRequest | Deny;
