/**
 * The closed list of refusal reasons. The key is the `error` of the response body, the `reason` of the audit
 * event and a value of the metrics' `reason` label.
 *
 * Pipeline authors read `message`: it states the problem and the next step. It must not contain an expected
 * pattern, the name of another identity or a token; such details belong in the `detail` of the audit event.
 */
export const REASONS = {
  no_service: { status: 404, message: 'No service is configured for this host and path. Check the URL.' },

  no_credential: {
    status: 401,
    message:
      'This request needs a credential. Send the token of your job, for example as "Authorization: Bearer TOKEN".',
  },

  credential_malformed: {
    status: 401,
    message: 'The credential is malformed. Send one complete token, exactly as the CI system issued it.',
  },
  credential_invalid: {
    status: 401,
    message:
      'This service does not accept the credential. Check that the job uses the credential that is configured for this gateway.',
  },
  token_expired: { status: 401, message: 'The token has expired. Request a new one from the CI system.' },
  token_not_yet_valid: {
    status: 401,
    message: 'The token is not valid yet. Check the clock of the system that issued it.',
  },
  issuer_unknown: {
    status: 401,
    message:
      'This service does not trust the issuer of the token. Use a token of an issuer that is configured for this service.',
  },
  audience_mismatch: {
    status: 401,
    message: 'The token has another audience. Request a token whose "aud" names this gateway.',
  },
  signature_invalid: {
    status: 401,
    message: 'The signature of the token is invalid. Request a new token from the CI system.',
  },
  job_not_running: {
    status: 401,
    message:
      'GitLab does not accept this CI job token: the job is no longer running, or the token is incomplete. Use the token of a running job.',
  },
  revoked: { status: 401, message: 'This credential has been revoked. Request a new one.' },

  credential_conflict: {
    status: 400,
    message: 'The request contains more than one credential. Send exactly one.',
  },
  request_malformed: {
    status: 400,
    message:
      'The request is ambiguous or not valid HTTP, so it cannot be forwarded. Check its headers and its body.',
  },
  header_refused: {
    status: 400,
    message:
      'A header of the request would make the upstream act on a resource other than the one in the path. Send the request without it.',
  },
  path_ambiguous: {
    status: 400,
    message:
      'Servers can interpret this path differently. Send it without dot segments and without doubled or encoded slashes.',
  },
  headers_too_large: {
    status: 431,
    message: 'The request has too many headers, or they are too large. Send fewer or shorter headers.',
  },
  body_too_large: {
    status: 413,
    message: 'The request body is larger than this service allows. Send a smaller body.',
  },
  body_timeout: {
    status: 408,
    message: 'The request body stalled before it was complete. Send the request again.',
  },

  no_matching_identity: {
    status: 403,
    message:
      'The credential is valid, but no identity in the policy matches it. Ask the maintainers of the policy to add one.',
  },
  operation_unknown: {
    status: 403,
    message: 'This method and path are not an operation of this service. Check the method and the URL.',
  },
  scope_not_granted: {
    status: 403,
    message:
      'Your identity does not have the scope that this request needs. Ask the maintainers of the policy to grant it.',
  },
  resource_not_granted: {
    status: 403,
    message:
      'Your identity has the scope that this request needs, but not for this resource. Ask the maintainers of the policy to grant it.',
  },
  job_token_not_allowlisted: {
    status: 403,
    message:
      'The job token allowlist of the target project does not include your project. Ask its maintainers to add your project.',
  },
  upstream_credential_missing: {
    status: 403,
    message:
      'The gateway has no upstream credential for your identity. Ask the operators of the gateway to configure one.',
  },
  insufficient_scope: {
    status: 403,
    message:
      'The token is limited to fewer scopes than this request needs. Request a token with the missing scope.',
  },

  rate_limited: { status: 429, message: 'Too many failed attempts. Wait, then try again.' },

  issuer_unavailable: {
    status: 503,
    message:
      'The issuer of this credential is unreachable, so the credential could not be verified. Try again.',
  },
  signing_key_pending: {
    status: 503,
    message:
      'The issuer does not publish the key of this token yet, and the gateway fetches its keys again shortly. Try again after the time in Retry-After.',
  },
  store_unavailable: {
    status: 503,
    message: 'The state store is unreachable, and this request needs it. Try again.',
  },
  audit_unavailable: { status: 503, message: 'The audit log cannot be written. Try again.' },
  overloaded: { status: 503, message: 'Too many requests are in flight. Try again.' },
  internal_error: {
    status: 503,
    message: 'The gateway could not decide because of an internal error. Try again, and tell its operators.',
  },

  upstream_unreachable: { status: 502, message: 'The upstream refused or closed the connection. Try again.' },
  upstream_invalid: {
    status: 502,
    message: 'The upstream sent a response that cannot be relayed. Tell the operators of the gateway.',
  },
  upstream_unauthorized: {
    status: 502,
    message: "The upstream did not accept the gateway's credential. Tell the operators of the gateway.",
  },
  upstream_timeout: { status: 504, message: 'The upstream did not respond in time. Try again.' },
} as const satisfies Record<string, { status: number; message: string }>;

/** A reason of the table, of any kind. */
export type Reason = keyof typeof REASONS;

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

/** Every reason, in the order of the table. */
export const REASON_NAMES = Object.keys(REASONS) as readonly Reason[];
