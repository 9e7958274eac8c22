import type { Refusal } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import {
  badRequest,
  type ErrorFormat,
  type EndpointRefusal,
  type ClientError,
} from '../endpoint/built-in-endpoint.ts';

/** Codes of google.rpc.Status, which this API's errors are. */
const CODES = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Errors of `/v1/`: `{"code":16,"message":"…","details":[]}`. `deny` has the words for a credential that is refused. */
export function apiErrorFormat(refused: (refusal: Refusal) => ClientError, challenge: boolean): ErrorFormat {
  return {
    toClientError: (refusal) => common(refusal) ?? refused(refusal),
    write({ status, code, message }, { incoming, head, presented }) {
      const error = presented === undefined ? '' : ', error="invalid_token"';
      const header = challenge && status === 401;
      return {
        contentType: 'application/json',
        body: JSON.stringify({ code, message: `${message} (request id ${incoming.requestId})`, details: [] }),
        headers: header ? ['WWW-Authenticate', `Bearer realm="${head.host}"${error}`] : [],
      };
    },
  };
}

export function invalidArgument(message: string, status = 400): EndpointRefusal {
  return badRequest(CODES.invalidArgument, message, status);
}

export function unauthenticated(message: string): ClientError {
  return { status: 401, code: CODES.unauthenticated, message };
}

/** What a verified credential may not do, by its reason. */
export function byReason({ reason }: Refusal): ClientError {
  const { status, message } = REASONS[reason];
  if (status === 403) return { status, code: CODES.permissionDenied, message };
  return { status, code: status === 401 ? CODES.unauthenticated : CODES.invalidArgument, message };
}

/** What says nothing of the credential. */
function common({ kind, reason }: Refusal): ClientError | undefined {
  const { status, message } = REASONS[reason];
  if (kind === 'unable') return { status, code: CODES.unavailable, message };
  switch (reason) {
    case 'rate_limited':
      return { status, code: CODES.resourceExhausted, message };
    case 'operation_unknown':
      return { status, code: CODES.unimplemented, message };
    case 'body_too_large':
    case 'body_timeout':
      return { status, code: CODES.invalidArgument, message };
    default:
      return undefined;
  }
}
