import type { CredentialClass } from '../contract/credential.ts';

/**
 * The class of a token, by its prefix before any JWT parsing (GitLab's job tokens come in a JWT form that
 * nobody outside GitLab can verify), then by its shape. One class, no falling through.
 */
export function classOfToken(token: string, username: string | undefined): CredentialClass | undefined {
  if (username === 'gitlab-ci-token' || hasJobTokenPrefix(token)) return 'job_token';
  if (token.startsWith('ghdt_')) return 'deploy_token';
  return looksLikeJws(token) ? 'id_token' : undefined;
}

/** `glcbt-…`, and with an instance prefix, `acme-glcbt-…` (GitLab lib/gitlab/ci/jwt). */
function hasJobTokenPrefix(token: string): boolean {
  const at = token.indexOf('glcbt-');
  return at === 0 || (at > 0 && /^[A-Za-z0-9_.-]*-$/.test(token.slice(0, at)));
}

/** Compact form: three parts, the first a JSON object. What they hold is checked later. */
function looksLikeJws(token: string): boolean {
  if (!token.startsWith('eyJ')) return false;
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  return first !== -1 && second !== -1 && !token.includes('.', second + 1);
}
