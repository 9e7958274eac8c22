import { withHint } from '../../core/credential-hint.ts';
import type { Refusal } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import {
  credentialMessage,
  refusalCategory,
  type ClientError,
  type ErrorFormat,
} from '../endpoint/outcome.ts';
import { REFUSED } from './issue-for-publishing.ts';

/** Returns the reason's status and message; for a refused credential `credentialError`. */
export function publishingError(refusal: Refusal, credentialError: ClientError): ClientError {
  if (refusalCategory(refusal) === 'credential')
    return { ...credentialError, message: credentialMessage(refusal, credentialError.message) };
  const { status, message } = REASONS[refusal.reason];
  return { status, code: refusal.reason, message };
}

/** Errors as JSON, 401 for a refused credential; `body` returns the document with the text for the client. */
export function unauthorizedFormat(
  body: (text: string) => object,
  headersOf: (error: ClientError) => readonly string[] = () => [],
): ErrorFormat {
  return {
    toClientError: (refusal) =>
      publishingError(refusal, { status: 401, code: 'unauthorized', message: REFUSED }),
    write(error, { incoming }) {
      const text = `${withHint(error)} (request id ${incoming.requestId})`;
      return {
        contentType: 'application/json',
        body: JSON.stringify(body(text)),
        headers: headersOf(error),
      };
    },
  };
}
