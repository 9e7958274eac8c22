import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Deny } from '../decision.ts';
import type { RequestHead } from './request-head.ts';

/** One request as the listener hands it on. */
export interface Incoming {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The checked head, or why it was refused. */
  readonly head: RequestHead | Deny;
  /** Where it came from: the peer, or what trusted proxies say. */
  readonly client: ClientFacts;
  readonly requestId: string;
  /** A WebSocket handshake: node has let go of the connection, and whoever answers closes it. */
  readonly upgrade?: Upgrade | undefined;
  /** The client sent `Expect: 100-continue` and waits for `res.writeContinue()`. */
  readonly expectsContinue: boolean;
}

export interface Upgrade {
  /** What came behind the handshake, in the same packet. */
  readonly early: Buffer;
  /** The client has its 101: what follows is no HTTP. */
  switched: boolean;
}

export interface ClientFacts {
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** Of the client's own connection; undefined behind a trusted proxy, whose connections carry many clients. */
  readonly port?: number | undefined;
}

/** A connection whose bytes never became a request. */
export interface MalformedRequest {
  readonly status: number;
  readonly detail: string;
  readonly client: ClientFacts;
}
