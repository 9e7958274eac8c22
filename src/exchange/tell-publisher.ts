import type { Refusal } from '../contract/decision.ts';
import { REASONS } from '../contract/reason.ts';
import type { Told } from './own-endpoint.ts';

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
