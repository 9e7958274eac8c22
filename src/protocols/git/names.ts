/** A segment of a repository path: no percent-encoding, no hidden folder. */
const SEGMENT = /^[A-Za-z0-9_~@+-][A-Za-z0-9._~@+-]*$/;

/**
 * The repository name without `.git`: servers accept both forms. Undefined for paths that servers may resolve
 * to another repository, such as `a/.git` (the repository of a work tree) or `a.git.git`.
 */
export function repositoryOf(path: string): string | undefined {
  const name = path.endsWith('.git') ? path.slice(0, -'.git'.length) : path;
  const isValid = name.split('/').every((segment) => SEGMENT.test(segment) && !/\.git$/i.test(segment));
  return isValid ? name : undefined;
}
