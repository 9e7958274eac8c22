/** A segment of a repository's path: no escape, and nothing that could be a folder of the repository itself. */
const SEGMENT = /^[A-Za-z0-9_~@+-][A-Za-z0-9._~@+-]*$/;

/**
 * The one name of a repository, with `.git` behind it or not: servers find the same one by both. Undefined for whatever they
 * might look for elsewhere, such as `a/.git` (the repository of a work tree) or `a.git.git`.
 */
export function repositoryOf(path: string): string | undefined {
  const name = path.endsWith('.git') ? path.slice(0, -'.git'.length) : path;
  const good = name.split('/').every((segment) => SEGMENT.test(segment) && !/\.git$/i.test(segment));
  return good ? name : undefined;
}
