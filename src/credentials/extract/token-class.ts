import type { CredentialSource, CredentialClass } from '../../core/credentials/credential.ts';
import { DEPLOY_SECRET_PREFIX } from '../../core/credentials/deploy-token.ts';

/** A token and where it stood. */
export interface Found {
  readonly credentialSource: CredentialSource;
  readonly token: string;
  readonly username: string | undefined;
  /** The credential source's name says that it is one: `JOB-TOKEN`, `job_token`. */
  readonly isJobToken: boolean;
}

export interface DeployTokenUse {
  /** User names of the configuration's deploy tokens. */
  readonly deployUsernames: ReadonlySet<string>;
  /** An issuer of the service vouches for deploy tokens of its own. */
  readonly gitlabDeployTokens: boolean;
}

/**
 * The class of a token: by its credential source, user name and prefix before any JWT parsing (GitLab's job tokens come in a
 * JWT form that nobody outside GitLab can verify), then by its shape. One class, no falling through.
 */
export function classOfToken(
  { credentialSource, token, username, isJobToken }: Found,
  { deployUsernames, gitlabDeployTokens }: DeployTokenUse,
): CredentialClass | undefined {
  if (isJobToken || username === 'gitlab-ci-token' || hasJobTokenPrefix(token)) return 'job_token';
  if (credentialSource === 'deploy-token' || token.startsWith(DEPLOY_SECRET_PREFIX)) return 'deploy_token';
  if (username !== undefined && deployUsernames.has(username)) return 'deploy_token';
  if (looksLikeJws(token)) return 'id_token';
  // GitLab's older ones have no prefix: a user name and a secret that is nothing else.
  const maybeGitlab = username !== undefined || token.startsWith('gldt-');
  return gitlabDeployTokens && maybeGitlab ? 'deploy_token' : undefined;
}

/** `glcbt-…`, and with an instance prefix, `acme-glcbt-…` (GitLab lib/gitlab/ci/jwt). */
function hasJobTokenPrefix(token: string): boolean {
  const at = token.indexOf('glcbt-');
  return at === 0 || (at > 0 && /^[A-Za-z0-9_.-]*-$/.test(token.slice(0, at)));
}

/** Compact form: three parts, the first a JSON object. What they hold is checked later. */
export function looksLikeJws(token: string): boolean {
  if (!token.startsWith('eyJ')) return false;
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  return first !== -1 && second !== -1 && !token.includes('.', second + 1);
}
