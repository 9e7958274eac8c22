import type { Refusal } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import type { ErrorFormat, EndpointRefusal, ClientError } from '../endpoint/built-in-endpoint.ts';

/** Errors of RFC 6749 §5.2; a bad or refused token is an `invalid_request` there (RFC 8693 §2.2.2). */
export const OAUTH_ERROR_FORMAT: ErrorFormat = {
  toClientError: (refusal) => common(refusal) ?? clientError(400, 'invalid_request', REFUSED),
  write: ({ status, code, message }, { incoming, head }) => ({
    contentType: 'application/json',
    body: JSON.stringify({ error: code, error_description: `${message} (request id ${incoming.requestId})` }),
    headers: status === 401 ? ['WWW-Authenticate', `Basic realm="${head.host}"`] : [],
  }),
};

/** The one answer to whatever is wrong with a token: who has none that is good learns of nobody else. */
const REFUSED = 'The token is not accepted here. The audit trail of the gateway says why.';

/** The same for a client that shows itself with a secret. */
export function asClient(refusal: Refusal): EndpointRefusal | Refusal {
  return common(refusal) === undefined ? refused(refusal, 401, 'invalid_client', REFUSED) : refusal;
}

export function refused(refusal: Refusal, status: number, code: string, message: string): EndpointRefusal {
  return { kind: 'refused', refusal, clientError: clientError(status, code, message) };
}

/** What says nothing of the token. */
function common({ kind, reason }: Refusal): ClientError | undefined {
  const { status, message } = REASONS[reason];
  if (kind === 'unable' || reason === 'rate_limited')
    return clientError(status, 'temporarily_unavailable', message);
  if (reason === 'operation_unknown' || reason === 'body_too_large' || reason === 'body_timeout') {
    return clientError(status, 'invalid_request', message);
  }
  return undefined;
}

function clientError(status: number, code: string, message: string): ClientError {
  return { status, code, message };
}
