import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Deny } from '../decision.ts';
import type { RequestHead } from './request-head.ts';

/** A request as the listener passes it to the gateway. */
export interface Incoming {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
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
