import type { Refusal } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import type { Told } from '../endpoint/built-in-endpoint.ts';

/** What says nothing of the token; undefined for all that does. */
export function tellPublisher({ kind, reason }: Refusal): Told | undefined {
  const { status, message } = REASONS[reason];
  const open =
    kind === 'unable' ||
    reason === 'rate_limited' ||
    reason === 'operation_unknown' ||
    reason === 'body_too_large' ||
    reason === 'body_timeout';
  return open ? { status, code: reason, message } : undefined;
}
