import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { RefuseEnded } from '../core/credentials/liveness.ts';
import type { BindPackage } from '../core/credentials/package-binding.ts';
import type { IssueServiceToken } from '../core/credentials/service-token.ts';
import type { PrepareTickets } from '../core/credentials/ticket.ts';
import type { Decision, Deny, Refusal } from '../core/decision.ts';
import type { Handle } from '../core/request/endpoint.ts';
import type { Forward } from '../core/request/forwarding.ts';
import type { ClientFacts } from '../core/request/incoming.ts';
import type { Operation } from '../core/request/operation.ts';
import type { Classification, Protocol } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import type { BufferBody } from '../core/request/buffered-body.ts';
import type { SubrequestRules } from '../core/request/subrequest-rules.ts';

/** The pipeline of one service; app/ composes it. */
export interface ServicePipeline {
  readonly name: string;
  readonly type: string;
  /** Lowercase, with a port to match only that port; undefined matches every host that no service names. */
  readonly hosts?: readonly string[] | undefined;
  /** Starts and ends with `/`. */
  readonly path: string;
  /** Matches this path only, not the paths below it. */
  readonly exact?: boolean;
  /** `shadow`: requests that only the policy refuses are forwarded without identity, and audited. */
  readonly mode: 'enforce' | 'shadow';
  /** `conceal`: every 403 is sent as the same 404. */
  readonly deny: 'reveal' | 'conceal';
  readonly protocol: Protocol;
  /** Folded names of refusable headers that are accepted: forwarded by `passHeaders`, or set by the gateway. */
  readonly acceptedHeaders?: ReadonlySet<string> | undefined;
  /** Refuses requests that must not reach the upstream, whatever their classification. */
  readonly guard: (head: RequestHead, classified: Classification) => Classification;
  /** `form`: the body, for a request with a form field as credential source. */
  readonly extract: (
    head: RequestHead,
    form?: { readonly field: string; readonly body: Buffer },
  ) => PresentedCredential | undefined | Deny;
  /** Synchronous where the token is in the verification cache. */
  readonly authenticate: (
    presented: PresentedCredential,
    /** The host of the request. */
    host: string,
    /** Undefined for `explain`. */
    client?: ClientFacts,
  ) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;
  /** Undefined if no issuer reports whether a job runs. */
  readonly refuseEnded?: RefuseEnded | undefined;
  readonly authorize: (
    credential: VerifiedCredential | undefined,
    operations: readonly Operation[],
  ) => Decision;
  /** For a request that is not an operation of the protocol. */
  readonly authorizeUnknown: (credential: VerifiedCredential | undefined, detail: string) => Decision;
  /** Undefined if publishing tokens are not limited to one package. */
  readonly bindPackage?: BindPackage | undefined;
  /** Undefined if the protocol has no tickets. */
  readonly prepareTickets?: PrepareTickets | undefined;
  /** Undefined if the protocol has no login. */
  readonly issueToken?: IssueServiceToken | undefined;
  /** Undefined if the service has no upstream: the gateway forwards none of its requests. */
  readonly forward?: Forward | undefined;
  /** Undefined if `forward` is. */
  readonly bufferBody?: BufferBody | undefined;
  /** Undefined if the authorizer does not support the type of the service. */
  readonly subrequests?: SubrequestRules | undefined;
}

/** The pipeline of a service with an upstream. */
export type ForwardedService = ServicePipeline & {
  readonly forward: Forward;
  readonly bufferBody: BufferBody;
};

export function isForwarded(pipeline: ServicePipeline): pipeline is ForwardedService {
  return pipeline.forward !== undefined && pipeline.bufferBody !== undefined;
}

/** A built-in endpoint. */
export interface EndpointPipeline {
  readonly hosts?: readonly string[] | undefined;
  /** The whole path; a path that ends in `/` also matches every path below it. */
  readonly endpointPath: string;
  /** A host on which the endpoint has the paths that no service has, also where services name it. */
  readonly sharedHost?: string | undefined;
  /** The endpoint accepts `%2F` in paths. Default: they are refused. */
  readonly encodedSlash?: boolean;
  /** The service that the endpoint belongs to, if any. */
  readonly service?: { readonly name: string; readonly type: string } | undefined;
  readonly handle: Handle;
}
