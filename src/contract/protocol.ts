import type { Carrier } from './credential.ts';
import type { Deny } from './decision.ts';
import type { Operation } from './operation.ts';
import type { RequestHead } from './request-head.ts';

/** What a request asks for, as far as method, target and headers tell; or that the protocol does not know it. */
export type Classification =
  | { readonly kind: 'operations'; readonly operations: readonly Operation[] }
  | { readonly kind: 'unknown'; readonly detail: string }
  | Deny;

/** What a refusal says, before it is put into the protocol's own form. */
export interface RefusalText {
  /** The stable id; `not_found` where the service conceals. */
  readonly error: string;
  readonly message: string;
  readonly requestId: string;
}

export interface RefusalBody {
  readonly contentType: string;
  readonly body: string;
}

/** One service's protocol: pure functions of the request's head, and text. */
export interface Protocol {
  /** Carriers that clients of this protocol use; a service may narrow them. */
  readonly carriers: readonly Carrier[];
  /** Query parameters that carry credentials to upstreams of this type, lowercase. */
  readonly queryCarriers: readonly string[];
  classify(head: RequestHead): Classification;
  /**
   * The one `WWW-Authenticate` value. `error` is a code of RFC 6750 §3.1, absent where no credential was sent.
   */
  challenge(head: RequestHead, operations: readonly Operation[], error: string | undefined): string;
  refusal(text: RefusalText, accept: string | undefined): RefusalBody;
}
