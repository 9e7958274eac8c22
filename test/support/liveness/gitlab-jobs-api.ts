import { startApi, type ApiResponse, type TestApi } from './api-server.ts';

interface TestJob {
  status: string;
  pipeline: number;
}

/** GitLab's `GET /projects/:id/jobs/:job_id` (doc/api/jobs.md) and `GET /version` (doc/api/version.md). */
export interface GitlabJobsApi extends TestApi {
  /** By project and job id: `20/4242`. */
  readonly jobs: Map<string, TestJob>;
  /** Seconds: GitLab responds with 429 and this `Retry-After` (doc/security/rate_limits.md). */
  limited: number | undefined;
}

export async function startGitlabJobsApi(): Promise<GitlabJobsApi> {
  const state = { jobs: new Map<string, TestJob>(), limited: undefined as number | undefined };
  return startApi(
    state,
    ({ path }) => {
      const { jobs, limited } = state;
      if (limited !== undefined) {
        return { status: 429, body: { message: 'Retry later' }, headers: { 'retry-after': `${limited}` } };
      }
      if (path === '/api/v4/version') return { status: 200, body: { version: '19.0.0', revision: 'abc' } };
      const [, project = '', id = ''] = /^\/api\/v4\/projects\/(\d+)\/jobs\/(\d+)$/.exec(path) ?? [];
      const job = jobs.get(`${project}/${id}`);
      return job === undefined ? NOT_FOUND : jobResponse(project, id, job);
    },
    { status: 401, body: { message: '401 Unauthorized' } },
  );
}

/** Also for a project that the token cannot read. */
const NOT_FOUND: ApiResponse = { status: 404, body: { message: '404 Not Found' } };

function jobResponse(project: string, id: string, { status, pipeline }: TestJob): ApiResponse {
  const finished = status === 'running' || status === 'canceling' ? null : '2026-11-21T12:00:30.000Z';
  return {
    status: 200,
    body: {
      id: Number(id),
      status,
      stage: 'deploy',
      name: 'deploy',
      ref: 'main',
      tag: false,
      allow_failure: false,
      created_at: '2026-11-21T11:58:00.000Z',
      started_at: '2026-11-21T11:59:00.000Z',
      finished_at: finished,
      erased_at: null,
      user: { id: 3, username: 'ana', name: 'Ana', state: 'active' },
      pipeline: { id: pipeline, iid: 7, project_id: Number(project), ref: 'main', status, source: 'push' },
      web_url: `https://gitlab.example.com/acme/payments/-/jobs/${id}`,
      project: { ci_job_token_scope_enabled: false },
    },
  };
}
