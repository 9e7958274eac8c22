/**
 * The closed list of refusal reasons. The key is the `error` of the response body, the `reason` of the audit
 * event and a value of the metrics' `reason` label.
 *
 * Pipeline authors read `problem` and `nextStep`. Neither contains an expected pattern, the name of another identity or
 * a token; such details belong in the `detail` of the audit event. refusal-messages.ts has the texts with the caller's
 * own values.
 */
export const REASON_TABLE = {
  no_service: {
    status: 404,
    problem: 'No service is configured for this host and path.',
    nextStep: 'Check the URL.',
  },

  no_credential: {
    status: 401,
    problem: 'This request needs a credential.',
    nextStep: 'Send the token of your job, for example as "Authorization: Bearer TOKEN".',
  },

  credential_malformed: {
    status: 401,
    problem: 'The credential is malformed.',
    nextStep: 'Send one complete token, exactly as the CI system issued it.',
  },
  credential_invalid: {
    status: 401,
    problem: 'This service does not accept the credential.',
    nextStep: 'Check that the job uses the credential that is configured for this gateway.',
  },
  token_expired: {
    status: 401,
    problem: 'The token has expired.',
    nextStep: 'Request a new one from its issuer, for example the CI system.',
  },
  token_not_yet_valid: {
    status: 401,
    problem: 'The token is not valid yet.',
    nextStep: 'Check the clock of the system that issued it.',
  },
  issuer_unknown: {
    status: 401,
    problem: 'This service does not trust the issuer of the token.',
    nextStep: 'Use a token of an issuer that is configured for this service.',
  },
  audience_mismatch: {
    status: 401,
    problem: 'The token has another audience.',
    nextStep: 'Request a token whose "aud" names this gateway.',
  },
  signature_invalid: {
    status: 401,
    problem: 'The signature of the token is invalid.',
    nextStep: 'Request a new token from its issuer, and send all of it.',
  },
  job_not_running: {
    status: 401,
    problem:
      'GitLab does not accept this CI job token: the job is no longer running, or the token is incomplete.',
    nextStep: 'Use the token of a running job.',
  },
  revoked: {
    status: 401,
    problem: 'This credential has been revoked.',
    nextStep: 'Request a new one; if that is refused too, ask the operators of the gateway.',
  },

  credential_conflict: {
    status: 400,
    problem: 'The request contains more than one credential.',
    nextStep: 'Send exactly one.',
  },
  request_malformed: {
    status: 400,
    problem: 'The request is ambiguous or not valid HTTP, so it cannot be forwarded.',
    nextStep: 'Check its headers and its body.',
  },
  header_refused: {
    status: 400,
    problem:
      'A header of the request would make the upstream act on a resource other than the one in the path.',
    nextStep: 'Send the request without it.',
  },
  credential_in_query: {
    status: 400,
    problem: 'The query contains a credential, which the proxy in front of this service cannot remove.',
    nextStep: 'Send the credential in the Authorization header.',
  },
  path_ambiguous: {
    status: 400,
    problem: 'Servers can interpret this path differently.',
    nextStep: 'Send it without dot segments and without doubled or encoded slashes.',
  },
  headers_too_large: {
    status: 431,
    problem: 'The request has too many headers, or they are too long, for example a token over 16 KiB.',
    nextStep: 'Send fewer or shorter headers.',
  },
  body_too_large: {
    status: 413,
    problem: 'The request body is larger than this service allows.',
    nextStep: 'Send a smaller body.',
  },
  body_timeout: {
    status: 408,
    problem: 'The request body stalled before it was complete.',
    nextStep: 'Send the request again.',
  },

  no_matching_identity: {
    status: 403,
    problem: 'The credential is valid, but no identity in the policy matches it.',
    nextStep: 'Ask the maintainers of the policy to add one.',
  },
  operation_unknown: {
    status: 403,
    problem: 'This method and path are not an operation of this service.',
    nextStep: 'Check the method and the URL.',
  },
  operation_in_body: {
    status: 403,
    problem:
      'The operation of this request depends on its body, which the proxy in front of this service does not send to the gateway.',
    nextStep: 'Use an operation that the method and path determine.',
  },
  scope_not_granted: {
    status: 403,
    problem: 'Your identity does not have the scope that this request needs.',
    nextStep: 'Ask the maintainers of the policy to grant it.',
  },
  resource_not_granted: {
    status: 403,
    problem: 'Your identity has the scope that this request needs, but not for this resource.',
    nextStep: 'Ask the maintainers of the policy to grant it.',
  },
  job_token_not_allowlisted: {
    status: 403,
    problem: 'The job token allowlist of the target project does not include your project.',
    nextStep: 'Ask its maintainers to add your project.',
  },
  upstream_credential_missing: {
    status: 403,
    problem: 'The gateway has no upstream credential for your identity.',
    nextStep: 'Ask the operators of the gateway to configure one.',
  },
  narrowing_empty: {
    status: 403,
    problem:
      'Claims of your credential limit the upstream credential of this request, and one of them is missing or unusable.',
    nextStep:
      'Send a credential with these claims, or ask the operators of the gateway which ones are needed.',
  },
  package_not_covered: {
    status: 403,
    problem: 'The publishing token covers one package, the one of its first push, and this is another one.',
    nextStep:
      'Request an ID token for each package and exchange it, or ask the operators of the gateway to set trustedPublishing.packages: granted.',
  },
  insufficient_scope: {
    status: 403,
    problem: 'The token is limited to fewer scopes than this request needs.',
    nextStep: 'Request a token with the missing scope.',
  },

  identity_limited: {
    status: 429,
    problem: 'Your identity has reached its limit of requests.',
    nextStep: 'Send fewer requests, and repeat this one after the time in Retry-After.',
  },
  rate_limited: { status: 429, problem: 'Too many failed attempts.', nextStep: 'Wait, then try again.' },

  issuer_unavailable: {
    status: 503,
    problem: 'The issuer of this credential is unreachable, so the credential could not be verified.',
    nextStep: 'Try again.',
  },
  signing_key_pending: {
    status: 503,
    problem:
      'The issuer does not publish the key of this token yet, and the gateway fetches its keys again shortly.',
    nextStep: 'Try again after the time in Retry-After.',
  },
  store_unavailable: {
    status: 503,
    problem: 'The state store is unreachable, and this request needs it.',
    nextStep: 'Try again.',
  },
  audit_unavailable: {
    status: 503,
    problem: 'The audit log cannot be written.',
    nextStep: 'Try again.',
  },
  overloaded: { status: 503, problem: 'Too many requests are in flight.', nextStep: 'Try again.' },
  internal_error: {
    status: 503,
    problem: 'The gateway could not decide because of an internal error.',
    nextStep: 'Try again, and tell its operators.',
  },

  upstream_unreachable: {
    status: 502,
    problem: 'The upstream refused or closed the connection.',
    nextStep: 'Try again.',
  },
  upstream_invalid: {
    status: 502,
    problem: 'The upstream sent a response that cannot be relayed.',
    nextStep: 'Tell the operators of the gateway.',
  },
  upstream_unauthorized: {
    status: 502,
    problem: "The upstream did not accept the gateway's credential.",
    nextStep: 'Tell the operators of the gateway.',
  },
  upstream_timeout: {
    status: 504,
    problem: 'The upstream did not respond in time.',
    nextStep: 'Try again.',
  },
} as const satisfies Record<string, { status: number; problem: string; nextStep: string }>;
