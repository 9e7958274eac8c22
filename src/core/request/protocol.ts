import type { CredentialSource } from '../credentials/credential.ts';
import type { Caller, Deny } from '../decision.ts';
import type { Operation } from './operation.ts';
import type { RequestHead } from './request-head.ts';

/** What a request asks for, as far as method, target and headers tell; or that the protocol does not know it. */
export type Classification =
  RequestedOperations | OperationsInBody | UnknownOperation | NeverForwarded | Deny;

export interface RequestedOperations {
  readonly kind: 'operations';
  /** Every one must be granted; none: any identity will do. */
  readonly operations: readonly Operation[];
  /** What is special about the way of this request; undefined for most. */
  readonly plan?: RoutePlan;
  /** What is done in its place where policy denies it. */
  readonly otherwise?: RequestedOperations;
  /** The body is a form in which the credential may stand: it is read before anybody is known. */
  readonly form?: CredentialForm;
}

export interface CredentialForm {
  /** Name of the field, lowercase. */
  readonly field: string;
  /** A longer body is refused. */
  readonly maxBytes: number;
}

/** What is asked for stands in the body, which is read once it is known who asks, and that they may do anything of the kind. */
export interface OperationsInBody {
  readonly kind: 'in-body';
  /** What it can be for. Whoever may do none of these is refused before a byte of the body is read. */
  readonly oneOf: readonly Operation[];
  /** `whole`: a longer body is refused. `start`: what lies behind is not looked at, and streams by. */
  readonly part: 'whole' | 'start';
  readonly maxBytes: number;
  /** Pure. Gets the whole body, or its first `maxBytes` where it is longer. The body goes to the upstream as it came. */
  readonly read: (body: Buffer) => RequestedOperations | UnknownOperation | Deny;
}

export interface UnknownOperation {
  readonly kind: 'unknown';
  readonly detail: string;
}

/** The upstream would answer with a credential of its own: refused under any policy, in shadow mode too. */
export interface NeverForwarded {
  readonly kind: 'never-forwarded';
  readonly detail: string;
}

/** How an allowed request is handled, where that is not: forward it, relay the answer. */
export interface RoutePlan {
  /** The gateway answers; nothing is forwarded. A function where the answer is about who asks. */
  readonly builtInResponse?: BuiltInResponse | ((caller: Caller | undefined) => BuiltInResponse);
  /** Takes the place of the client's query; with its `?`, or empty. */
  readonly query?: string;
  /** Redirects are followed by the gateway, without credentials; clients cannot reach where they lead. */
  readonly followRedirects?: boolean;
  /** The upstream's URLs in a good answer's body become the gateway's, so that every later request comes here too. */
  readonly rewrite?: BodyRewrite;
  /** Looks on while the request's body streams by, from its first byte. */
  readonly watch?: () => BodyWatch;
}

/** Says what is wrong with a body: the request ends before the upstream has this piece of it. */
export type BodyWatch = (chunk: Buffer) => string | undefined;

export type BodyRewrite = UrlRewrite | DocumentRewrite;

/** Wherever such a URL stands, as the body streams by. */
export interface UrlRewrite {
  readonly kind: 'urls';
  /** Media types that hold such URLs, lowercase; an answer of another type passes as it is. */
  readonly types: readonly string[];
}

/** Where more has to change than that: the whole body is held, read and written anew. */
export interface DocumentRewrite {
  readonly kind: 'document';
  /** As above; `any`: whatever it calls itself, what cannot be read is not relayed, because of what only the rewrite takes out. */
  readonly types: readonly string[] | 'any';
  /** Bytes; a longer document is not relayed. */
  readonly maxBytes: number;
  /** Pure. Undefined where the document cannot be understood: nothing of it is relayed then. */
  readonly rewrite: (document: string, urls: PublicUrls) => string | undefined;
}

/** The names that the gateway gives to what the upstream calls by its own. */
export interface PublicUrls {
  /** Where clients find the service: scheme, host, path; ends in `/`. */
  readonly base: string;
  /** An absolute URL of the upstream as clients may follow it; undefined for a foreign one. */
  readonly of: (url: string) => string | undefined;
  /** A foreign one where the configuration says that clients may be sent. */
  readonly leadsToStorage: (url: string) => boolean;
}

export interface BuiltInResponse {
  readonly status: number;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
  readonly body: string;
}

/** What a refusal says, before it is put into the protocol's own form. */
export interface RefusalText {
  /** As it will be sent, unless the protocol has another for this. */
  readonly status: number;
  /** The stable id; `not_found` where the service conceals. */
  readonly error: string;
  readonly message: string;
  readonly requestId: string;
  /** What the request asked for; empty where nobody could tell, or may know. */
  readonly operations: readonly Operation[];
  /** Of the request, where it could be read. */
  readonly head?: Pick<RequestHead, 'method' | 'host' | 'path'> | undefined;
}

export interface RefusalBody {
  readonly contentType: string;
  readonly body: string;
  /** In place of the reason's own. */
  readonly status?: number;
  /** The reason phrase, where clients print it; ASCII. */
  readonly phrase?: string;
  /** Name, value, name, value …, beside those that every refusal has. */
  readonly headers?: readonly string[];
}

/** One service's protocol: pure functions of the request's head, and text. */
export interface Protocol {
  /** Carriers that clients of this protocol use; a service may narrow them. */
  readonly credentialSources: readonly CredentialSource[];
  /** Query parameters that carry credentials to upstreams of this type, lowercase. */
  readonly credentialQueryParameters: readonly string[];
  /** It has paths with `%2F`, and `classify` reads them. Default: they are refused. */
  readonly encodedSlash?: boolean;
  /** A WebSocket handshake is a request like any other, and what follows it is carried. Default: it is refused. */
  readonly webSockets?: boolean;
  classify(head: RequestHead): Classification;
  /**
   * The one `WWW-Authenticate` value, or undefined where clients are better off without. `error` is a code of
   * RFC 6750 §3.1, absent where no credential was sent.
   */
  challenge(context: ChallengeContext): string | undefined;
  refusal(text: RefusalText, accept: string | undefined): RefusalBody;
}

export interface ChallengeContext {
  readonly host: string;
  readonly operations: readonly Operation[];
  readonly error: string | undefined;
  /** Of the answer that bears it: 401, or 403 where RFC 6750 has a code for it. */
  readonly status: number;
}
