import { errors } from 'undici';
import type { DenyReason, UpstreamFault } from '../../core/reasons.ts';
import { GatehouseError } from '../../core/errors.ts';
import { BodyError } from '../relay/request-body.ts';

export interface Fault {
  readonly reason: UpstreamFault | DenyReason | 'internal_error';
  readonly detail: string;
}

/** Translates errors of undici, sockets and the gateway's own code into reasons. */
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
  // The code is undefined in undici 8, whose table of llhttp errors contains names only.
  if (error instanceof errors.HTTPParserError) {
    return { reason: 'upstream_invalid', detail: error.code ?? 'not an HTTP/1.1 response' };
  }
  const code = codeOf(error);
  if (isInternal(error, code)) return internalFault(error);
  if (TIMEOUTS.has(code)) return { reason: 'upstream_timeout', detail: code };
  if (PROTOCOL_ERRORS.has(code)) return { reason: 'upstream_invalid', detail: code };
  return { reason: 'upstream_unreachable', detail: code };
}

/** An exception in the gateway says nothing about the upstream. Its message may quote client input. */
export function internalFault(error: unknown): Fault {
  return { reason: 'internal_error', detail: error instanceof Error ? error.name : typeof error };
}

/**
 * Errors of sockets, TLS and undici's parser have codes. Node's codes for a misuse of its API start with `ERR_`, as do
 * its codes for TLS and connections.
 */
function isInternal(error: unknown, code: string): boolean {
  return (
    code === UNKNOWN ||
    error instanceof GatehouseError ||
    REFUSED_REQUESTS.has(code) ||
    /^ERR_(?!TLS_|SSL_|SOCKET_)/.test(code)
  );
}

/**
 * Whether the error looks like a kept-alive connection that the upstream had closed. undici does not report whether a
 * reset connection was new, so only safe requests are sent again (RFC 9110 §9.2.2).
 */
export function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'ECONNRESET' || code === 'EPIPE') return true;
  if (code !== 'UND_ERR_SOCKET') return false;
  const socket = (error as { socket?: { bytesRead?: number } | null }).socket;
  return (socket?.bytesRead ?? 0) > 0;
}

/** The code of an error or of its cause. A host with several addresses yields an AggregateError without a code. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return UNKNOWN;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return 'cause' in error ? codeOf(error.cause) : UNKNOWN;
}

const TIMEOUTS: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
]);

const PROTOCOL_ERRORS: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** Codes of undici for requests that it does not send: the upstream has no part in them. */
const REFUSED_REQUESTS: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_INVALID_RETURN_VALUE',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
]);

const UNKNOWN = 'unknown';
