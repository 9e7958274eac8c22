import type { Refusal } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import { credentialMessage, refusalCategory, type ClientError } from '../endpoint/outcome.ts';

/** Returns the reason's status and message; for a refused credential `credentialError`. */
export function publishingError(refusal: Refusal, credentialError: ClientError): ClientError {
  if (refusalCategory(refusal) === 'credential')
    return { ...credentialError, message: credentialMessage(refusal, credentialError.message) };
  const { status, message } = REASONS[refusal.reason];
  return { status, code: refusal.reason, message };
}
