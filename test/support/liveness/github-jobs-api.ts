import { startApi, type ApiResponse, type TestApi } from './api-server.ts';

interface TestRun {
  status: string;
  run: number;
  attempt: number;
}

/**
 * GitHub's `GET /repos/{owner}/{repo}/actions/jobs/{job_id}`, `GET …/actions/runs/{run_id}/attempts/{attempt_number}` and
 * `GET /rate_limit` ("REST API endpoints for workflow jobs", "… workflow runs", "… rate limits").
 */
export interface GithubJobsApi extends TestApi {
  /** By repository and job id: `acme/payments/99`. */
  readonly jobs: Map<string, TestRun>;
  /** By repository, run and attempt: `acme/payments/1212/1`. */
  readonly attempts: Map<string, TestRun & { repository: number }>;
  /** The response of an exhausted rate limit. */
  limited: ApiResponse | undefined;
}

export async function startGithubJobsApi(): Promise<GithubJobsApi> {
  const state = {
    jobs: new Map<string, TestRun>(),
    attempts: new Map<string, TestRun & { repository: number }>(),
    limited: undefined as ApiResponse | undefined,
  };
  return startApi(
    state,
    ({ path, headers }) => {
      if (headers['user-agent'] === undefined) return FORBIDDEN_WITHOUT_AGENT;
      if (path === '/rate_limit') return RATE_LIMIT;
      if (state.limited !== undefined) return state.limited;
      const [, ofJob = '', id = ''] = /^\/repos\/([^/]+\/[^/]+)\/actions\/jobs\/(\d+)$/.exec(path) ?? [];
      const job = state.jobs.get(`${ofJob}/${id}`);
      if (job !== undefined) return jobResponse(id, job);
      const attempt = /^\/repos\/([^/]+\/[^/]+)\/actions\/runs\/(\d+)\/attempts\/(\d+)$/.exec(path);
      const [, ofRun = '', run = '', number = ''] = attempt ?? [];
      const found = state.attempts.get(`${ofRun}/${run}/${number}`);
      return found === undefined ? NOT_FOUND : attemptResponse(ofRun, found);
    },
    { status: 401, body: { message: 'Bad credentials', status: '401' } },
  );
}

const NOT_FOUND: ApiResponse = { status: 404, body: { message: 'Not Found', status: '404' } };
const FORBIDDEN_WITHOUT_AGENT: ApiResponse = {
  status: 403,
  body: {
    message:
      'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.',
  },
};
const RATE_LIMIT: ApiResponse = {
  status: 200,
  body: { resources: { core: { limit: 5000, used: 1, remaining: 4999, reset: 1_900_000_000 } } },
};

function jobResponse(id: string, { status, run, attempt }: TestRun): ApiResponse {
  return {
    status: 200,
    body: {
      id: Number(id),
      run_id: run,
      run_url: `https://api.github.com/repos/acme/payments/actions/runs/${run}`,
      run_attempt: attempt,
      node_id: 'CR_kwDOAA',
      head_sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      status,
      conclusion: status === 'completed' ? 'cancelled' : null,
      started_at: '2026-11-21T11:59:00Z',
      completed_at: null,
      name: 'release',
      steps: [{ name: 'Set up job', status: 'completed', conclusion: 'success', number: 1 }],
      check_run_url: `https://api.github.com/repos/acme/payments/check-runs/${id}`,
      runner_id: 1,
      runner_name: 'runner-1',
      workflow_name: 'release',
      head_branch: 'main',
    },
  };
}

function attemptResponse(
  path: string,
  { status, run, attempt, repository }: TestRun & { repository: number },
): ApiResponse {
  return {
    status: 200,
    body: {
      id: run,
      name: 'release',
      run_number: 7,
      run_attempt: attempt,
      event: 'push',
      status,
      conclusion: status === 'completed' ? 'success' : null,
      workflow_id: 5,
      head_branch: 'main',
      repository: { id: repository, full_name: path, private: true },
      head_repository: { id: repository, full_name: path },
    },
  };
}
