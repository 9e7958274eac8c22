import type { VerifiedCredential } from '../../core/credentials/credential.ts';

/** What a job token is not good for at GitLab itself (GitLab, "CI/CD job token": it reaches some endpoints, never the API as such). */
const BEYOND_JOB_TOKENS: ReadonlySet<string> = new Set(['read_api', 'write_api', 'admin_api']);

/** Whether a scope is out of reach of this credential on this type of service, whatever policy grants; tokens minted from job tokens too. */
export function isBeyondJobToken(
  serviceType: string,
  { class: presented, minted }: VerifiedCredential,
  scope: string,
): boolean {
  return (
    serviceType === 'gitlab' &&
    (minted?.source.class ?? presented) === 'job_token' &&
    BEYOND_JOB_TOKENS.has(scope)
  );
}
