import type { AuditEvent } from '../../core/records/audit-event.ts';

/**
 * The ECS `event.type` and `event.outcome` of a request. An `unable` decision is not a denial: its outcome is
 * unknown. An upstream failure makes an allowed request a failure; a 404 of the upstream does not.
 */
export interface DecisionText {
  readonly type: 'allowed' | 'denied' | 'error';
  readonly outcome: 'success' | 'failure' | 'unknown';
  /** The start of the event, up to the value of `action`. */
  readonly text: string;
}

const ALLOWED = decisionText('allowed', 'success');
const UPSTREAM_FAILED = decisionText('allowed', 'failure');
const CLIENT_LEFT = decisionText('allowed', 'unknown');
const DENIED = decisionText('denied', 'failure');
const UNABLE = decisionText('error', 'unknown');

/** `api` expects access, allowed, denied; `web` expects error (ECS, "event.category"). */
function decisionText(type: DecisionText['type'], outcome: DecisionText['outcome']): DecisionText {
  const text =
    ',"ecs":{"version":"9.0.0"},"event":{"kind":"event","dataset":"gatehouse.audit","category":["api","web"]' +
    `,"type":["access","${type}"],"outcome":"${outcome}","action":`;
  return { type, outcome, text };
}

export function describeDecision(event: AuditEvent): DecisionText {
  switch (event.reason) {
    case 'granted':
    case 'anonymous':
    case 'shadow':
      return event.status === 0 ? CLIENT_LEFT : ALLOWED;

    case 'client_left':
      return event.decision?.kind === 'allow' ? CLIENT_LEFT : UNABLE;

    case 'upstream_unreachable':
    case 'upstream_invalid':
    case 'upstream_unauthorized':
    case 'upstream_timeout':
      return UPSTREAM_FAILED;

    case 'issuer_unavailable':
    case 'signing_key_pending':
    case 'store_unavailable':
    case 'audit_unavailable':
    case 'overloaded':
    case 'internal_error':
      return UNABLE;

    case 'no_service':
    case 'no_credential':
    case 'credential_malformed':
    case 'credential_invalid':
    case 'token_expired':
    case 'token_not_yet_valid':
    case 'issuer_unknown':
    case 'audience_mismatch':
    case 'signature_invalid':
    case 'job_not_running':
    case 'revoked':
    case 'credential_conflict':
    case 'request_malformed':
    case 'header_refused':
    case 'credential_in_query':
    case 'path_ambiguous':
    case 'headers_too_large':
    case 'body_too_large':
    case 'body_timeout':
    case 'no_matching_identity':
    case 'operation_unknown':
    case 'operation_in_body':
    case 'scope_not_granted':
    case 'resource_not_granted':
    case 'job_token_not_allowlisted':
    case 'upstream_credential_missing':
    case 'narrowing_empty':
    case 'package_not_covered':
    case 'insufficient_scope':
    case 'identity_limited':
    case 'rate_limited':
      // A body is checked while it is forwarded, after the decision.
      return event.decision?.kind === 'allow' ? UPSTREAM_FAILED : DENIED;

    default:
      return event.reason satisfies never;
  }
}
