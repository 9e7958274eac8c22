export type UpstreamErrorCode =
  | 'connect_timeout'
  | 'headers_timeout'
  | 'idle_timeout'
  /** The upstream closed the connection before the response was complete. */
  | 'connection_closed'
  /** The upstream switched to another protocol. */
  | 'protocol_switched'
  | 'invalid_response'
  /** The request contains a character that HTTP does not allow, or a body of another length than its head. */
  | 'invalid_request'
  | 'pool_closed';

/** A failure that this transport detects; sockets and TLS have errors of their own. */
export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode;

  /** `detail`: for the audit event; it contains nothing from the request. */
  constructor(code: UpstreamErrorCode, detail: string = code) {
    super(detail);
    this.code = code;
  }
}

/** Whether a connection ends with this error when the upstream has closed it. */
export function isConnectionLoss(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 'connection_closed' || code === 'ECONNRESET' || code === 'EPIPE';
}
