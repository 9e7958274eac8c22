import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { Decision, Deny, Refusal } from '../core/decision.ts';
import type { Handle } from '../core/request/endpoint.ts';
import type { Forward } from '../core/request/forwarding.ts';
import type { ClientFacts } from '../core/request/incoming.ts';
import type { Operation } from '../core/request/operation.ts';
import type { Classification, Protocol } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import type { BufferBody } from '../core/request/buffered-body.ts';

/** The stages of one service, as app.ts puts them together. */
export interface ServicePipeline {
  readonly name: string;
  readonly type: string;
  /** Lowercase, with a port where only that port is meant; undefined for every host that no service names. */
  readonly hosts?: readonly string[] | undefined;
  /** Starts and ends with `/`. */
  readonly path: string;
  /** Only this path, and nothing below it. */
  readonly exact?: boolean;
  /** `shadow`: what policy alone refuses is forwarded without identity, and audited. */
  readonly mode: 'enforce' | 'shadow';
  /** `conceal`: every 403 is answered as one and the same 404. */
  readonly deny: 'reveal' | 'conceal';
  readonly protocol: Protocol;
  /** Loosely folded names of headers that are no reason to refuse a request: forwarded by `passHeaders`, or set by the gateway. */
  readonly acceptedHeaders?: ReadonlySet<string> | undefined;
  /** Refuses, whatever the protocol made of the request, what may not reach the upstream at all. */
  readonly guard: (head: RequestHead, classified: Classification) => Classification;
  /** `form`: the body of a request whose credential may stand there. */
  readonly extract: (
    head: RequestHead,
    form?: { readonly field: string; readonly body: Buffer },
  ) => PresentedCredential | undefined | Deny;
  /** Synchronous where the token is in the verification cache. */
  readonly authenticate: (
    presented: PresentedCredential,
    /** The one that the request was sent to. */
    host: string,
    /** Undefined where an operator asks. */
    client?: ClientFacts,
  ) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;
  readonly authorize: (
    credential: VerifiedCredential | undefined,
    operations: readonly Operation[],
  ) => Decision;
  /** For a request that is no operation of the protocol. */
  readonly authorizeUnknown: (credential: VerifiedCredential | undefined, detail: string) => Decision;
  readonly forward: Forward;
  readonly bufferBody: BufferBody;
}

/** An endpoint of the gateway's own. */
export interface EndpointPipeline {
  readonly hosts?: readonly string[] | undefined;
  /** The whole path; one that ends in `/` stands for everything below it. */
  readonly endpointPath: string;
  /** It has paths with `%2F`, and knows what that is. Default: they are refused. */
  readonly encodedSlash?: boolean;
  /** The one that it works for, where there is one. */
  readonly service?: { readonly name: string; readonly type: string } | undefined;
  readonly handle: Handle;
}
