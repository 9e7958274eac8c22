/** Stable codes of faults. Expected failures are union members (core/decision.ts). */
export type ErrorCode =
  /** The configuration is invalid; the message lists every problem. */
  | 'config_invalid'
  /** The command line is invalid. */
  | 'usage'
  /** A socket, file or key that the process needs to start is unavailable. */
  | 'startup_failed'
  /** The state store did not respond in time, or returned an error. */
  | 'store_unavailable';

/** The error class for faults. Branch on `code`, never on the message; log `code`, never the object. */
export class GatehouseError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GatehouseError';
    this.code = code;
  }
}
