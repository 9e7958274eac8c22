import type { CredentialSource } from '../credentials/credential.ts';
import type { Caller, Deny } from '../decision.ts';
import type { Operation } from './operation.ts';
import type { RequestHead } from './request-head.ts';

/** The result of classifying a request by its method, target and headers. */
export type Classification =
  RequestedOperations | OperationsInBody | UnknownOperation | NeverForwarded | Deny;

/** The request is recognised. */
export interface RequestedOperations {
  readonly kind: 'operations';
  /** The operations that the request requires; all must be granted. Empty: every identity is allowed. */
  readonly operations: readonly Operation[];
  /** Set if the operation is on all resources because the gateway does not learn which one the request names. */
  readonly unnamed?: UnnamedResource;
  /** Deviations from plain forwarding; undefined for most requests. */
  readonly plan?: RoutePlan;
  /** The classification to use instead if policy denies this one. */
  readonly otherwise?: RequestedOperations;
  /** The challenge lists the operations: a client whose new token would be sufficient is refused, so that it requests one. */
  readonly requestsToken?: boolean;
  /** Set if the credential can be in a form body. The body is then read before authentication. */
  readonly form?: CredentialForm;
  /** A request without a credential is allowed: the gateway responds, and the response contains nothing of the upstream. */
  readonly public?: true;
}

/** Why a request needs a grant on all resources although it acts on one. For `gatehouse explain` and policy tests. */
export interface UnnamedResource {
  /** The place of the name, as in "the body of a push names the package". */
  readonly detail: string;
  /** The media type of bodies in which the gateway reads the name. Undefined if it reads none. */
  readonly mediaType?: string;
}

/** The field of a form body that can contain the credential. */
export interface CredentialForm {
  /** Name of the field, lowercase. */
  readonly field: string;
  /** Bytes. A longer body is refused. */
  readonly maxBytes: number;
}

/**
 * The operations depend on the request body. The body is read after authentication, and only if the caller
 * has at least one of the possible operations.
 */
export interface OperationsInBody {
  readonly kind: 'in-body';
  /** The possible operations. A caller that has none of them is refused before the body is read. */
  readonly oneOf: readonly Operation[];
  /** `whole`: a longer body is refused. `start`: the rest of a longer body is streamed unread. */
  readonly part: 'whole' | 'start';
  readonly maxBytes: number;
  /** A pure function of the buffered bytes, asynchronous if they are compressed. The body is forwarded unchanged. */
  readonly read: (body: Buffer) => OperationsOfBody | Promise<OperationsOfBody>;
}

/** The operations that a body names, or why it is refused. */
export type OperationsOfBody = RequestedOperations | UnknownOperation | Deny;

/** The method and path are not an operation of the protocol. */
export interface UnknownOperation {
  readonly kind: 'unknown';
  readonly detail: string;
  /** Replaces the message of `operation_unknown` in the response. */
  readonly message?: string;
}

/** The response would contain an upstream credential: always refused, also in shadow mode. */
export interface NeverForwarded {
  readonly kind: 'never-forwarded';
  readonly detail: string;
}

/** How an allowed request is handled, if not by forwarding it and relaying the response unchanged. */
export interface RoutePlan {
  /** The gateway responds itself. A function if the response depends on the caller. */
  readonly builtInResponse?: BuiltInResponse | ((caller: Caller | undefined) => BuiltInResponse);
  /** A login: the gateway responds with a token of its own, which only this service accepts. */
  readonly issuedToken?: IssuedTokenPlan;
  /** Replaces the client's query. With its `?`, or empty. */
  readonly query?: string;
  /**
   * The gateway follows redirects itself, without credentials, because clients cannot reach their targets.
   */
  readonly followRedirects?: boolean;
  /** Rewrites upstream URLs in a successful response, so that later requests use the gateway. */
  readonly rewrite?: BodyRewrite;
  /** Clients send no credential to the URLs in the response, so that each of them contains a ticket. */
  readonly tickets?: boolean;
  /** Creates an inspector of the streamed request body. It receives the body from the first byte. */
  readonly watch?: () => BodyWatch;
}

/** The response to a login. */
export interface IssuedTokenPlan {
  /** The scopes of the token: all of the protocol. Policy decides on every use. */
  readonly scopes: readonly string[];
  readonly responseWith: (token: string) => BuiltInResponse;
}

/** Inspects a chunk. An invalid one ends the request before the upstream receives it. */
export type BodyWatch = (chunk: Buffer) => InvalidBody | undefined;

export interface InvalidBody {
  readonly kind: 'invalid';
  readonly detail: string;
}

/** How a response body is rewritten. */
export type BodyRewrite = UrlRewrite | DocumentRewrite;

/** Replaces the upstream's URLs anywhere in the body, while it is streamed. */
export interface UrlRewrite {
  readonly kind: 'urls';
  /** Media types to rewrite, lowercase. A response of another type is relayed unchanged. */
  readonly types: readonly string[];
}

/** Parses and rewrites the buffered body, for changes that go beyond URLs. */
export interface DocumentRewrite {
  readonly kind: 'document';
  /**
   * Media types to rewrite, lowercase. `any`: every type; a body that cannot be parsed is not relayed,
   * because it could contain what the rewrite must remove.
   */
  readonly types: readonly string[] | 'any';
  /** Bytes. A longer document is not relayed. */
  readonly maxBytes: number;
  /** A pure function. Returns undefined if the document cannot be parsed; it is then not relayed. */
  readonly rewrite: (document: string, urls: PublicUrls) => string | undefined;
}

/** Maps URLs of the upstream to URLs of the gateway. */
export interface PublicUrls {
  /** Base URL of the service for clients: scheme, host and path; ends in `/`. */
  readonly base: string;
  /** Returns the gateway's URL for an absolute upstream URL. Undefined for a URL of another server. */
  readonly of: (url: string) => string | undefined;
  /**
   * Only with `tickets`: returns the URL of a download, relative to the request or absolute, with a ticket if the
   * download leads through the gateway. Undefined for a URL that is neither of the upstream nor of its storage.
   */
  readonly withTicket?: ((url: string) => string | undefined) | undefined;
  /** Whether a URL of another server is configured storage, to which clients may be redirected. */
  readonly leadsToStorage: (url: string) => boolean;
}

/** A response that the gateway sends itself. */
export interface BuiltInResponse {
  readonly status: number;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** The content of a refusal, before the protocol formats it. */
export interface RefusalText {
  /** HTTP status, unless the protocol replaces it (`RefusalBody.status`). */
  readonly status: number;
  /** The reason, or `not_found` if the service conceals the resource. */
  readonly error: string;
  /** The problem and the next step. */
  readonly message: string;
  /** Of a 401 or 403: names the endpoint that describes the credential. For bodies only, because it is long. */
  readonly hint?: string | undefined;
  readonly requestId: string;
  /** The requested operations; empty if they are unknown or must not be disclosed. */
  readonly operations: readonly Operation[];
  /** Parts of the request head; undefined if the head is invalid. */
  readonly head?: Pick<RequestHead, 'method' | 'host' | 'path' | 'spdy'> | undefined;
  /** The client's `User-Agent` header. */
  readonly userAgent?: string | undefined;
}

/** A refusal in the error format of the protocol. */
export interface RefusalBody {
  readonly contentType: string;
  readonly body: string;
  /** Replaces the status of the reason. */
  readonly status?: number;
  /** Reason phrase (ASCII), for clients that display it. */
  readonly phrase?: string;
  /** The text in the challenge. Default: the message. */
  readonly description?: string;
  /** Alternating names and values, in addition to the headers of every refusal. */
  readonly headers?: readonly string[];
}

/**
 * The protocol of one service: how requests are classified and refusals are formatted. All functions are pure
 * functions of the request head and text; none does I/O.
 */
export interface Protocol {
  /** Credential sources that clients of this protocol use. A service can narrow them. */
  readonly credentialSources: readonly CredentialSource[];
  /** Query parameters in which upstreams of this type accept credentials, lowercase. */
  readonly credentialQueryParameters: readonly string[];
  /** Paths can contain `%2F`, and `classify` interprets it. Default: such paths are refused. */
  readonly encodedSlash?: boolean;
  /** A path from which one literal segment `./` was removed is accepted. Default: it is refused. */
  readonly dotSegment?: boolean;
  /** Paths can contain `;`, and `classify` interprets it. Default: such paths are refused. */
  readonly pathParameters?: boolean;
  /** WebSocket handshakes are authorized and tunnelled. Default: they are refused. */
  readonly webSockets?: boolean;
  /** Downloads are accepted with a ticket that the gateway wrote into a response. Default: tickets are not read. */
  readonly tickets?: boolean;
  /** A path at the root of the hosts where clients look for the service. The first service of a host responds there. */
  readonly wellKnown?: { readonly path: string; readonly classify: Protocol['classify'] };
  /** Clients log in: a route plan of the protocol has `issuedToken`. */
  readonly issuesTokens?: boolean;
  /** Maps a request head to the operations that it requires. */
  classify(head: RequestHead): Classification;
  /** Returns `WWW-Authenticate` (RFC 9110 §11.6.1). Undefined if clients need none. */
  challenge(context: ChallengeContext): string | undefined;
  /** Formats a refusal as the protocol's clients expect; `accept` is the client's `Accept` header. */
  refusal(text: RefusalText, accept: string | undefined): RefusalBody;
}

/** The response for which a challenge is created. */
export interface ChallengeContext {
  readonly host: string;
  /** Scheme of the client's connection, to the gateway or to a trusted proxy. Default: http. */
  readonly proto?: 'http' | 'https';
  readonly operations: readonly Operation[];
  /** Error code of RFC 6750 §3.1; undefined if the request had no credential. */
  readonly error: string | undefined;
  /** A text for people, if there is an error code. */
  readonly description?: string | undefined;
  /** Status of the response: 401, or 403 if RFC 6750 defines a code for the refusal. */
  readonly status: number;
}
