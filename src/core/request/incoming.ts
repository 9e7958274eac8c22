import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Deny } from '../decision.ts';
import type { RequestHead } from './request-head.ts';

/** A request line and header fields, as received. */
export interface RequestLine extends Pick<IncomingMessage, 'method' | 'url' | 'httpVersion'> {
  /** Alternating names and values. */
  readonly rawHeaders: readonly string[];
}

/** A request as the listener passes it to the gateway. */
export interface Incoming {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The request of the client: `req`, or the one that a subrequest describes. */
  readonly original: RequestLine;
  /** Set if `req` is a subrequest: a proxy asks whether it may forward `original`. */
  readonly subrequest?: Subrequest | undefined;
  /** The validated request head, or the refusal of an invalid one. */
  readonly head: RequestHead | Deny;
  /** Address and protocol of the client: of the peer, or from the headers of a trusted proxy. */
  readonly client: ClientFacts;
  readonly requestId: string;
  /** Set for a WebSocket handshake. The component that responds must close the connection. */
  readonly upgrade?: Upgrade | undefined;
  /** The client sent `Expect: 100-continue` and waits for `res.writeContinue()`. */
  readonly expectsContinue: boolean;
}

/** The members of `Incoming` that a listener derives from the request head. */
export type ReadRequest = Pick<Incoming, 'original' | 'subrequest' | 'head' | 'client'>;

/** The checks of a listener, for a request that a subrequest describes. */
export interface OriginalRequestChecks {
  readonly readHead: (original: RequestLine) => RequestHead | Deny;
  /** The client's address by the `X-Forwarded-For` of a trusted proxy; the peer's address without it. */
  readonly clientAddress: (req: IncomingMessage, forwardedFor: string | undefined) => string;
}

/** Reads the request that a subrequest describes. */
export type ReadSubrequest = (req: IncomingMessage, checks: OriginalRequestChecks) => ReadRequest;

/** How the proxy of a subrequest reads the response. */
export interface Subrequest {
  /** The response header that repeats the body of a refusal, for a proxy that discards the body. */
  readonly bodyHeader?: string | undefined;
}

/** State of a WebSocket handshake. */
export interface Upgrade {
  /** Bytes received after the handshake request in the same read. */
  readonly early: Buffer;
  /** True after the 101 response: the connection no longer carries HTTP. */
  switched: boolean;
}

/** The origin of a request. */
export interface ClientFacts {
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** Port of the client's connection. Undefined behind a trusted proxy. */
  readonly port?: number | undefined;
}

/** A connection that sent bytes that are not a valid HTTP request. */
export interface MalformedRequest {
  readonly status: number;
  readonly detail: string;
  readonly client: ClientFacts;
}
