import type { IncomingHttpHeaders } from 'node:http';
import type { GitlabState, Principal } from './gitlab-state.ts';

/** The endpoints that tests can delay, fail and count separately. */
export const GITLAB_ENDPOINTS = ['job', 'jwtAuth', 'trigger', 'artifacts', 'releases', 'packages'] as const;

export type GitlabEndpoint = (typeof GITLAB_ENDPOINTS)[number];

/** A request whose target matched a route. */
export interface Call {
  readonly method: string;
  /** Named path parameters of the route. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  /** A Buffer is sent unchanged, anything else as JSON. */
  readonly body: unknown;
}

export interface Route {
  readonly endpoint: GitlabEndpoint;
  readonly methods: readonly string[];
  readonly path: RegExp;
  readonly answer: (call: Call, state: GitlabState) => Answer;
}

export function json(status: number, body: unknown): Answer {
  return { status, body };
}

export const UNAUTHORIZED = json(401, { message: '401 Unauthorized' });
/** Also the response for an existing project without access. */
export const NOT_FOUND = json(404, { message: '404 Not Found' });
export const FORBIDDEN = json(403, { message: '403 Forbidden' });

/** The principal of a request; `invalid` for an invalid credential. */
export function principalOf({ headers, query }: Call, state: GitlabState): Principal | 'none' | 'invalid' {
  const jobToken = header(headers, 'job-token') ?? query.get('job_token') ?? undefined;
  if (jobToken !== undefined) return jobPrincipal(jobToken, state);
  const deployToken = header(headers, 'deploy-token');
  if (deployToken !== undefined) return deployPrincipal(deployToken, undefined, state);
  const personal = header(headers, 'private-token') ?? query.get('private_token') ?? undefined;
  if (personal !== undefined) return personPrincipal(personal, state);
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') {
    const job = jobPrincipal(value, state);
    return job === 'invalid' ? personPrincipal(value, state) : job;
  }
  return scheme.toLowerCase() === 'basic' ? basicPrincipal(value, state) : 'none';
}

function basicPrincipal(encoded: string, state: GitlabState): Principal | 'invalid' {
  const [username = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
  const password = rest.join(':');
  if (username === 'gitlab-ci-token') return jobPrincipal(password, state);
  const deploy = deployPrincipal(password, username, state);
  return deploy === 'invalid' ? personPrincipal(password, state) : deploy;
}

function jobPrincipal(token: string, state: GitlabState): Principal | 'invalid' {
  const job = state.liveJob(token);
  return job === undefined ? 'invalid' : { kind: 'job', job };
}

function deployPrincipal(
  token: string,
  username: string | undefined,
  state: GitlabState,
): Principal | 'invalid' {
  const deploy = state.liveDeployToken(token, username);
  return deploy === undefined ? 'invalid' : { kind: 'deploy', deploy };
}

function personPrincipal(token: string, state: GitlabState): Principal | 'invalid' {
  return state.personalTokens.has(token) ? { kind: 'person' } : 'invalid';
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
