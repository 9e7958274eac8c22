import type { Refusal } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import type { ClientError } from '../endpoint/built-in-endpoint.ts';

/** What says nothing of the token; undefined for all that does. */
export function publishingError({ kind, reason }: Refusal): ClientError | undefined {
  const { status, message } = REASONS[reason];
  const open =
    kind === 'unable' ||
    reason === 'rate_limited' ||
    reason === 'operation_unknown' ||
    reason === 'body_too_large' ||
    reason === 'body_timeout';
  return open ? { status, code: reason, message } : undefined;
}
