import { withHint } from '../../core/credential-hint.ts';
import type { Refusal } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import {
  credentialMessage,
  refusalCategory,
  refuseWith,
  type ClientError,
  type EndpointRefusal,
  type ErrorFormat,
} from '../endpoint/outcome.ts';
import type { TokenRequest } from './token-request.ts';

/** Errors of RFC 6749 §5.2. An invalid or refused subject token is an `invalid_request` (RFC 8693 §2.2.2). */
export const OAUTH_ERROR_FORMAT: ErrorFormat = {
  toClientError,
  write: ({ status, code, ...text }, { incoming, head }) => ({
    contentType: 'application/json',
    body: JSON.stringify({
      error: code,
      error_description: `${withHint(text)} (request id ${incoming.requestId})`,
    }),
    headers: status === 401 ? ['WWW-Authenticate', `Basic realm="${head.host}"`] : [],
  }),
};

/** One message for every refused credential, so that a response reveals nothing about tokens or identities. */
const REFUSED = 'The token is not accepted. The audit log of the gateway contains the reason.';

function toClientError(refusal: Refusal): ClientError {
  const { status, message } = REASONS[refusal.reason];
  const category = refusalCategory(refusal);
  switch (category) {
    case 'unavailable':
    case 'throttled':
      return { status, code: 'temporarily_unavailable', message };
    case 'operation':
    case 'body':
      return { status, code: 'invalid_request', message };
    case 'credential':
      return { status: 400, code: 'invalid_request', message: credentialMessage(refusal, REFUSED) };
    default:
      return category satisfies never;
  }
}

/** Reports a refused credential with the error code of its grant; returns other refusals unchanged. */
export function refuseGrant(
  grant: TokenRequest['subject']['grant'],
  refusal: Refusal,
): EndpointRefusal | Refusal {
  if (refusalCategory(refusal) !== 'credential') return refusal;
  const message = credentialMessage(refusal, REFUSED);
  switch (grant) {
    case 'exchange':
      return refusal;
    // RFC 7523 §3.1
    case 'assertion':
      return refuseWith(refusal, 400, 'invalid_grant', message);
    // RFC 6749 §5.2
    case 'client':
      return refuseWith(refusal, 401, 'invalid_client', message);
    default:
      return grant satisfies never;
  }
}
