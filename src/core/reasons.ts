/**
 * The closed list of reasons. Each one is what a client reads in `error`, what the audit trail keeps in
 * `event.reason`, and a value of the metrics' `reason` label.
 *
 * `message` is all that a client is told: what to do next, never an expected pattern, another identity's
 * name or a token. The whole story goes to the audit event's `detail`.
 */
export const REASONS = {
  no_service: { status: 404, message: 'No service is configured for this host and path. Check the URL.' },

  no_credential: {
    status: 401,
    message: 'This needs a credential. Send the token of your job, for example as "Authorization: Bearer".',
  },

  credential_malformed: {
    status: 401,
    message: 'The credential cannot be read. Send one whole token as the CI system gave it.',
  },
  credential_invalid: { status: 401, message: 'This credential is not one that this service accepts.' },
  token_expired: { status: 401, message: 'The token has expired. Ask the CI system for a new one.' },
  token_not_yet_valid: {
    status: 401,
    message: 'The token is not valid yet. Check the clock of whoever issued it.',
  },
  issuer_unknown: {
    status: 401,
    message: 'The token comes from an issuer that this service does not trust.',
  },
  audience_mismatch: {
    status: 401,
    message: 'The token was made for another audience. Ask for one whose "aud" names this gateway.',
  },
  signature_invalid: { status: 401, message: 'The signature of the token does not verify.' },
  job_not_running: { status: 401, message: 'The CI job of this token is not running any more.' },
  revoked: { status: 401, message: 'This credential has been revoked.' },

  credential_conflict: {
    status: 400,
    message: 'The request carries more than one credential. Send exactly one.',
  },
  request_malformed: { status: 400, message: 'The request is not one that can be forwarded unambiguously.' },
  header_refused: {
    status: 400,
    message:
      'A header of the request would make the upstream act on something that the path does not name. Send the request without it.',
  },
  path_ambiguous: {
    status: 400,
    message:
      'Servers could read this path in different ways. Send it without dot segments, doubled or encoded slashes.',
  },
  headers_too_large: { status: 431, message: 'The request has too many headers, or they are too large.' },
  body_too_large: { status: 413, message: 'The request body is larger than this service allows.' },
  body_timeout: { status: 408, message: 'The request stalled before it was complete. Send it again.' },

  no_matching_identity: {
    status: 403,
    message:
      'The credential is valid, but no identity of the policy matches it. Ask whoever keeps the policy.',
  },
  operation_unknown: { status: 403, message: 'This method and path are not an operation of this service.' },
  scope_not_granted: { status: 403, message: 'Your identity does not have the scope that this needs.' },
  resource_not_granted: {
    status: 403,
    message: 'Your identity has the scope that this needs, but not for this resource.',
  },
  job_token_not_allowlisted: {
    status: 403,
    message: 'The job-token allowlist of the target project does not include your project.',
  },
  upstream_credential_missing: {
    status: 403,
    message: 'The gateway holds no credential of this upstream for your identity.',
  },
  insufficient_scope: { status: 403, message: 'The token was issued for less than this needs.' },

  rate_limited: { status: 429, message: 'Too many failed attempts. Wait, then try again.' },

  issuer_unavailable: {
    status: 503,
    message: 'The issuer of this credential cannot be reached, so it could not be checked. Try again.',
  },
  store_unavailable: { status: 503, message: 'The state that this needs cannot be reached. Try again.' },
  audit_unavailable: { status: 503, message: 'The audit trail cannot be written. Try again.' },
  overloaded: { status: 503, message: 'Too many requests are in flight. Try again.' },
  internal_error: {
    status: 503,
    message: 'The gateway could not decide. Try again, and tell its operators.',
  },

  upstream_unreachable: { status: 502, message: 'The upstream refused or broke the connection.' },
  upstream_invalid: { status: 502, message: 'The upstream gave an answer that cannot be relayed.' },
  upstream_unauthorized: {
    status: 502,
    message: 'The upstream did not accept the credential of the gateway. Tell its operators.',
  },
  upstream_timeout: { status: 504, message: 'The upstream did not answer in time.' },
} as const satisfies Record<string, { status: number; message: string }>;

export type Reason = keyof typeof REASONS;

/** Reasons that say "could not decide": 503, never 401 and never 200. */
export type UnableCause =
  'issuer_unavailable' | 'store_unavailable' | 'audit_unavailable' | 'overloaded' | 'internal_error';

/** Reasons that say what the upstream did; the decision was made before. */
export type UpstreamFault =
  'upstream_unreachable' | 'upstream_invalid' | 'upstream_unauthorized' | 'upstream_timeout';

export type DenyReason = Exclude<Reason, UnableCause | UpstreamFault>;

/** Every reason, in the order of the table: the closed label list of the metrics. */
export const REASON_NAMES = Object.keys(REASONS) as readonly Reason[];
