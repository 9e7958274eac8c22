/**
 * Stable codes of faults: each ends a whole unit of work at one boundary, and no caller branches on it. Expected
 * failures are union members with a `kind` (CONTRIBUTING.md).
 */
export type ErrorCode =
  /** The configuration cannot be used; ends the command or the reload. `loadConfig` returns invalid input. */
  | 'config_invalid'
  /** The command line is invalid; ends the command (`run` in cli/index.ts). */
  | 'usage'
  /** A socket, file or key that the process needs is unavailable; ends the start or the reload. */
  | 'startup_failed'
  /** The gateway's own state is unavailable; the endpoint or the keyring responds that it could not decide. */
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
