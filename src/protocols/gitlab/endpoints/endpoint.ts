import type { BodyRewrite } from '../../../core/request/protocol.ts';

/** Methods of GitLab's REST API; HEAD follows GET. */
export const API_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type ApiMethod = (typeof API_METHODS)[number];

/** In place of a scope: the endpoint is never forwarded, with any grant. */
export const NEVER = 'never';

/**
 * How a request body can reach another project.
 * `projects`: by parameters. `text`: also by quick actions. `ci`: also by `include` in CI/CD configuration.
 */
export type BodyCheck = 'projects' | 'text' | 'ci';

/** An endpoint of one project. */
export interface GitlabEndpoint {
  /**
   * Below `/api/v4/projects/:id/`. `:name` is one segment, a number where the name ends in `id`; `/**` is the
   * path itself and all paths below it.
   */
  readonly path: string;
  /** The scope of each method that is listed, or `NEVER`. */
  readonly scopes: Readonly<Partial<Record<ApiMethod, string>>>;
  /** The body is read before the decision. Default: it streams. */
  readonly body?: BodyCheck;
  /**
   * The body is a file of any size in a form, at a path that has no other method at GitLab. It is not read.
   */
  readonly upload?: boolean;
  /** The body is a form that may hold the credential. */
  readonly form?: boolean;
  /** The response contains URLs of the upstream, or more than clients may see. */
  readonly rewrite?: BodyRewrite;
}

type Options = Omit<GitlabEndpoint, 'path' | 'scopes'>;

/** Makes endpoints that need one scope to read and another one to write. */
export function endpointsOf(
  read: string,
  write: string,
): (path: string, methods: readonly ApiMethod[], options?: Options) => GitlabEndpoint {
  return (path, methods, options) => ({
    path,
    scopes: Object.fromEntries(methods.map((method) => [method, method === 'GET' ? read : write])),
    ...options,
  });
}

/** Endpoints without a more specific scope. */
export const api = endpointsOf('read_api', 'write_api');

export function never(path: string): GitlabEndpoint {
  return { path, scopes: Object.fromEntries(API_METHODS.map((method) => [method, NEVER])) };
}
