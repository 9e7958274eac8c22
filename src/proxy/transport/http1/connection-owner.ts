import type { ResponseHandler, UpstreamRequest } from '../upstream-request.ts';
import type { WriteBatch } from './write-batch.ts';

/** The pool of a connection. */
export interface ConnectionOwner<Connection> {
  readonly batch: WriteBatch;
  /** The connection may serve another request; seconds of the upstream's `Keep-Alive: timeout`. */
  released(connection: Connection, keepAliveTimeout: number | undefined): void;
  closed(connection: Connection): void;
  /** The kept-alive connection turned out to be closed; the request may be sent again. */
  repeat(request: UpstreamRequest, handler: ResponseHandler): void;
}
