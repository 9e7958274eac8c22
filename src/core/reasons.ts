import { REASON_TABLE } from './reason-table.ts';

/** A reason of the table, of any kind. */
export type Reason = keyof typeof REASON_TABLE;

/** Reasons for which the gateway could not decide. The response is always a 503. */
export type UnableCause =
  | 'issuer_unavailable'
  | 'signing_key_pending'
  | 'store_unavailable'
  | 'audit_unavailable'
  | 'overloaded'
  | 'internal_error';

/** Reasons of failed forwarding. The request had already been allowed. */
export type UpstreamFault =
  'upstream_unreachable' | 'upstream_invalid' | 'upstream_unauthorized' | 'upstream_timeout';

/** Reasons for which a request is denied. */
export type DenyReason = Exclude<Reason, UnableCause | UpstreamFault>;

/** The status and the default text of a reason. */
export interface ReasonText {
  readonly status: number;
  readonly problem: string;
  /** What the client can do about it. */
  readonly nextStep: string;
  /** `problem` and `nextStep`. */
  readonly message: string;
}

export const REASONS = Object.fromEntries(
  Object.entries(REASON_TABLE).map(([reason, text]) => [
    reason,
    { ...text, message: `${text.problem} ${text.nextStep}` },
  ]),
) as Readonly<Record<Reason, ReasonText>>;

/** Every reason, in the order of the table. */
export const REASON_NAMES = Object.keys(REASONS) as readonly Reason[];
