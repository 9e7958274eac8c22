import type { VerifiedCredential } from '../../core/credentials/credential.ts';

/**
 * Scopes that GitLab does not accept a job token for (GitLab, "CI/CD job token": it can access certain
 * endpoints only).
 */
const UNAVAILABLE_SCOPES: ReadonlySet<string> = new Set(['read_api', 'write_api', 'admin_api']);

/**
 * Whether a scope is unavailable to this credential on this type of service, even if the policy grants it.
 * Tokens minted from job tokens have the same restriction.
 */
export function isUnavailableToJobToken(
  serviceType: string,
  { class: presented, minted }: VerifiedCredential,
  scope: string,
): boolean {
  return (
    serviceType === 'gitlab' &&
    (minted?.source.class ?? presented) === 'job_token' &&
    UNAVAILABLE_SCOPES.has(scope)
  );
}
