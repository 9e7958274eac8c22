import type { CredentialSource, CredentialClass } from '../../core/credentials/credential.ts';
import { DEPLOY_SECRET_PREFIX } from '../../core/credentials/deploy-token.ts';

/** A token as found in a request. */
export interface Found {
  readonly credentialSource: CredentialSource;
  readonly token: string;
  readonly username: string | undefined;
  /** The header or parameter is one for job tokens: `JOB-TOKEN` or `job_token`. */
  readonly isJobToken: boolean;
}

/** Which deploy tokens a service accepts. */
export interface DeployTokenUse {
  /** User names of the deploy tokens of the configuration. */
  readonly deployUsernames: ReadonlySet<string>;
  /** Whether an issuer of the service accepts GitLab's deploy tokens. */
  readonly gitlabDeployTokens: boolean;
}

/**
 * Determines the class of a token; undefined if it has none. Credential source, user name and prefix take
 * precedence over the JWT form, because GitLab's job tokens can be JWTs that only GitLab can verify.
 */
export function classOfToken(
  { credentialSource, token, username, isJobToken }: Found,
  { deployUsernames, gitlabDeployTokens }: DeployTokenUse,
): CredentialClass | undefined {
  if (isJobToken || username === 'gitlab-ci-token' || hasJobTokenPrefix(token)) return 'job_token';
  if (credentialSource === 'deploy-token' || token.startsWith(DEPLOY_SECRET_PREFIX)) return 'deploy_token';
  if (username !== undefined && deployUsernames.has(username)) return 'deploy_token';
  if (looksLikeJws(token)) return 'id_token';
  // GitLab's older deploy tokens have no prefix: every other secret with a user name can be one.
  const maybeGitlab = username !== undefined || token.startsWith('gldt-');
  return gitlabDeployTokens && maybeGitlab ? 'deploy_token' : undefined;
}

/** `glcbt-…` or, with a prefix of the GitLab instance, `acme-glcbt-…` (GitLab lib/gitlab/ci/jwt). */
function hasJobTokenPrefix(token: string): boolean {
  const at = token.indexOf('glcbt-');
  return at === 0 || (at > 0 && /^[A-Za-z0-9_.-]*-$/.test(token.slice(0, at)));
}

/** Whether a token has the form of a compact JWS: three parts, the first of which is a JSON object. */
export function looksLikeJws(token: string): boolean {
  if (!token.startsWith('eyJ')) return false;
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  return first !== -1 && second !== -1 && !token.includes('.', second + 1);
}
