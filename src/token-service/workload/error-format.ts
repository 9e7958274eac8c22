import { withHint } from '../../core/credential-hint.ts';
import type { Refusal } from '../../core/decision.ts';
import { refusalMessage } from '../../core/refusal-messages.ts';
import { REASONS } from '../../core/reasons.ts';
import {
  badRequest,
  refusalCategory,
  type ClientError,
  type EndpointRefusal,
  type ErrorFormat,
} from '../endpoint/outcome.ts';

/** Codes of google.rpc.Status, the error format of this API. */
const CODES = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/**
 * Errors of `/v1/`: `{"code":16,"message":"…","details":[]}`. `credentialError` supplies the error for a refused
 * credential; `challenge` adds `WWW-Authenticate` to a 401.
 */
export function apiErrorFormat(
  credentialError: (refusal: Refusal) => ClientError,
  challenge: boolean,
): ErrorFormat {
  return {
    toClientError: (refusal) => toClientError(refusal, credentialError),
    write({ status, code, details = [], ...text }, { incoming, head, presented }) {
      const message = `${withHint(text)} (request id ${incoming.requestId})`;
      const errorAttribute = presented === undefined ? '' : ', error="invalid_token"';
      const addChallenge = challenge && status === 401;
      return {
        contentType: 'application/json',
        body: JSON.stringify({ code, message, details }),
        headers: addChallenge ? ['WWW-Authenticate', `Bearer realm="${head.host}"${errorAttribute}`] : [],
      };
    },
  };
}

function toClientError(refusal: Refusal, credentialError: (refusal: Refusal) => ClientError): ClientError {
  const { status, message } = REASONS[refusal.reason];
  const category = refusalCategory(refusal);
  switch (category) {
    case 'unavailable':
      return { status, code: CODES.unavailable, message };
    case 'throttled':
      return { status, code: CODES.resourceExhausted, message };
    case 'operation':
      return { status, code: CODES.unimplemented, message };
    case 'body':
      return { status, code: CODES.invalidArgument, message };
    case 'credential':
      return credentialError(refusal);
    default:
      return category satisfies never;
  }
}

export function invalidArgument(message: string, status = 400): EndpointRefusal {
  return badRequest(CODES.invalidArgument, message, status);
}

export function unauthenticated(message: string): ClientError {
  return { status: 401, code: CODES.unauthenticated, message };
}

/** Returns the client error with the status and the message of the refusal. */
export function errorOfReason(refusal: Refusal): ClientError {
  const { status } = REASONS[refusal.reason];
  const message = refusalMessage(refusal);
  if (status === 403) return { status, code: CODES.permissionDenied, message };
  return { status, code: status === 401 ? CODES.unauthenticated : CODES.invalidArgument, message };
}
