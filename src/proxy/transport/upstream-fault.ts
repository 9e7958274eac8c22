import type { DenyReason, UpstreamFault } from '../../core/reasons.ts';
import { GatehouseError } from '../../core/errors.ts';
import { BodyError } from '../relay/request-body.ts';
import { UpstreamError, type UpstreamErrorCode } from './upstream-error.ts';

export interface Fault {
  readonly reason: UpstreamFault | DenyReason | 'internal_error';
  readonly detail: string;
}

/** Translates errors of the transport, of sockets and the gateway's own code into reasons. */
export function upstreamFault(error: unknown): Fault {
  if (error instanceof BodyError) {
    switch (error.fault) {
      case 'client_left':
        return {
          reason: 'request_malformed',
          detail: 'the client closed the connection before the body was complete',
        };
      case 'not_as_announced':
        return { reason: 'request_malformed', detail: error.message };
      case 'body_too_large':
      case 'body_timeout':
        return { reason: error.fault, detail: 'the request body' };
      default:
        return error.fault satisfies never;
    }
  }
  if (error instanceof UpstreamError) return { reason: REASONS[error.code], detail: error.message };
  const code = codeOf(error);
  if (isInternal(error, code)) return internalFault(error);
  if (code === 'ETIMEDOUT') return { reason: 'upstream_timeout', detail: code };
  return { reason: 'upstream_unreachable', detail: code };
}

/** An exception in the gateway says nothing about the upstream. Its message may quote client input. */
export function internalFault(error: unknown): Fault {
  return { reason: 'internal_error', detail: error instanceof Error ? error.name : typeof error };
}

/**
 * Errors of sockets and TLS have codes. Node's codes for a misuse of its API start with `ERR_`, as do
 * its codes for TLS and connections.
 */
function isInternal(error: unknown, code: string): boolean {
  return code === UNKNOWN || error instanceof GatehouseError || /^ERR_(?!TLS_|SSL_|SOCKET_)/.test(code);
}

/** The code of an error or of its cause. A host with several addresses yields an AggregateError without a code. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return UNKNOWN;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return 'cause' in error ? codeOf(error.cause) : UNKNOWN;
}

const REASONS: Readonly<Record<UpstreamErrorCode, Fault['reason']>> = {
  connect_timeout: 'upstream_timeout',
  headers_timeout: 'upstream_timeout',
  idle_timeout: 'upstream_timeout',
  invalid_response: 'upstream_invalid',
  connection_closed: 'upstream_unreachable',
  protocol_switched: 'upstream_unreachable',
  // The upstream has no part in them.
  invalid_request: 'internal_error',
  pool_closed: 'internal_error',
};

const UNKNOWN = 'unknown';
