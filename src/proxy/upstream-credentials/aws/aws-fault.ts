import type { EgressFailure, EgressResponse } from '../../../core/ports.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';

/** `code`: the error code in the response. Only known codes are logged, so that no other part reaches the log. */
export function awsFault(
  api: string,
  { status }: Pick<EgressResponse, 'status'>,
  code: string | undefined,
): CredentialFault {
  const known = code !== undefined && (REJECTIONS.has(code) || TEMPORARY.has(code));
  const detail = `${api} responded with ${status}${known ? ` ${code}` : ''}`;
  if (known && TEMPORARY.has(code)) return credentialFault('upstream_unreachable', detail);
  const rejected = known || status === 401 || status === 403;
  return credentialFault(rejected ? 'upstream_unauthorized' : 'upstream_invalid', detail);
}

export function awsUnreachable(api: string, { detail }: EgressFailure): CredentialFault {
  return credentialFault('upstream_unreachable', `${api}: ${detail}`);
}

export function awsInvalid(api: string, problem: string): CredentialFault {
  return credentialFault('upstream_invalid', `${api} returned ${problem}`);
}

/** Common error codes of AWS APIs, and the errors of AssumeRoleWithWebIdentity. */
const REJECTIONS: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'ExpiredToken',
  'ExpiredTokenException',
  'IDPRejectedClaim',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidIdentityToken',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'OptInRequired',
  'RegionDisabledException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'ValidationError',
]);

/** Errors that a later attempt can resolve. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'IDPCommunicationError',
  'InternalFailure',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
]);
