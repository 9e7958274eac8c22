export type ErrorCode =
  /** The configuration cannot be used; the message lists every problem. */
  | 'config_invalid'
  /** The command line cannot be understood. */
  | 'usage'
  /** A socket, file or key that the process needs to start is not to be had. */
  | 'startup_failed'
  /** Something outside did not answer, or answered what cannot be used. */
  | 'outbound_failed'
  /** No connection to something outside could be made: the request was not sent. */
  | 'outbound_unreachable'
  /** The store of the shared state did not answer in time, or refused. */
  | 'store_unavailable'
  /** A key set that was fetched or read is not one. */
  | 'key_set_invalid';

/** The one base class. Branch on `code`, never on the message; log `code`, never the object. */
export class GatehouseError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GatehouseError';
    this.code = code;
  }
}
