/** Stable codes of faults. Expected failures are union members (core/decision.ts). */
export type ErrorCode =
  /** The configuration is invalid; the message lists every problem. */
  | 'config_invalid'
  /** The command line is invalid. */
  | 'usage'
  /** A socket, file or key that the process needs to start is unavailable. */
  | 'startup_failed'
  /** Another server did not respond, or its response is unusable. */
  | 'outbound_failed'
  /** The connection to another server failed; no request was sent. */
  | 'outbound_unreachable'
  /** The state store did not respond in time, or returned an error. */
  | 'store_unavailable'
  /** A fetched document or file is not a valid JWK Set. */
  | 'key_set_invalid';

/** The error class for faults. Branch on `code`, never on the message; log `code`, never the object. */
export class GatehouseError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GatehouseError';
    this.code = code;
  }
}
