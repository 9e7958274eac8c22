import { scalarClaim } from '../../core/credentials/claims.ts';
import { GITHUB_API_HEADERS } from '../../core/github-api.ts';
import { isRecord } from '../../util/json/object.ts';
import { quoted } from '../../util/text/quoted.ts';
import { ID, isId, readJobClaims } from './job-claims.ts';
import {
  ended,
  RUNNING,
  undecided,
  type Answer,
  type LivenessSource,
  type Members,
  type Question,
} from './question.ts';

/** `OWNER/REPOSITORY`, without dot segments. */
const REPOSITORY = /^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/;

/**
 * The job by `check_run_id`, which is the id of the job, or the attempt of the run for a token without this claim
 * (docs.github.com, "REST API endpoints for workflow jobs", "… for workflow runs"). Needs the permission
 * `actions: read`.
 */
export const GITHUB_JOBS: LivenessSource = {
  system: 'GitHub',
  headers: GITHUB_API_HEADERS,
  readJob(credential) {
    const found = readJobClaims(credential, {
      repository: REPOSITORY,
      repository_id: ID,
      run_id: ID,
      run_attempt: ID,
    });
    if (found.kind === 'deny') return found;
    const run: RunIds = { id: found.run_id, attempt: found.run_attempt, repository: found.repository_id };
    const checkRun = scalarClaim(credential.claims, 'check_run_id');
    const isJob = checkRun !== undefined && ID.test(checkRun);
    const path = `/repos/${found.repository}/actions`;
    const question: Question = isJob
      ? {
          path: `${path}/jobs/${checkRun}`,
          interpret: (status, body) =>
            interpret(status, `job ${checkRun}`, () => readJob(body, checkRun, run)),
        }
      : {
          path: `${path}/runs/${run.id}/attempts/${run.attempt}`,
          interpret: (status, body) =>
            interpret(status, `attempt ${run.attempt} of run ${run.id}`, () => readAttempt(body, run)),
        };
    return {
      kind: 'job',
      key: [question.path, run.id, run.attempt, run.repository].join(' '),
      holder: found.repository_id,
      questions: () => [question],
    };
  },
  probes: [
    {
      // Requests to it do not count.
      path: '/rate_limit',
      interpret: (status, { resources }) => {
        if (status === 401)
          return { ok: false, detail: 'GitHub returned 401: it refuses the token of tokenFile' };
        const core = isRecord(resources) ? resources['core'] : undefined;
        if (status !== 200 || !isRecord(core)) return undefined;
        const { limit, remaining } = core;
        const detail = `GitHub accepts the token of tokenFile; ${String(remaining)} of ${String(limit)} requests an hour remain`;
        return { ok: true, detail };
      },
    },
  ],
};

interface RunIds {
  readonly id: string;
  readonly attempt: string;
  readonly repository: string;
}

function interpret(status: number, what: string, read: () => Answer): Answer | undefined {
  switch (status) {
    case 200:
      return read();
    case 401:
      return undecided('GitHub returned 401: it refuses the token of liveness.tokenFile');
    case 404:
      return undecided(
        `GitHub returned 404 for ${what}: the token of liveness.tokenFile cannot read it, or it was deleted`,
      );
    default:
      return undefined;
  }
}

/** The ids of runs are unique at a GitHub, so the run identifies the repository, which the response does not contain. */
function readJob({ id, run_id, run_attempt, status }: Members, job: string, run: RunIds): Answer {
  if (!isId(id, job) || typeof status !== 'string') return undecided('the response is not the requested job');
  if (!isId(run_id, run.id) || (run_attempt !== undefined && !isId(run_attempt, run.attempt))) {
    return undecided(`job ${job} belongs to another attempt or run than the token`);
  }
  return status === 'in_progress' ? RUNNING : ended(`job ${job} has status ${quoted(status)}`);
}

/** A repository name can move to another repository, so its id is compared. */
function readAttempt({ id, run_attempt, status, repository }: Members, run: RunIds): Answer {
  if (!isId(id, run.id) || !isId(run_attempt, run.attempt) || typeof status !== 'string') {
    return undecided('the response is not the requested attempt');
  }
  if (!isRecord(repository) || !isId(repository['id'], run.repository)) {
    return undecided(`run ${run.id} belongs to another repository than the token`);
  }
  return status === 'in_progress'
    ? RUNNING
    : ended(`attempt ${run.attempt} of run ${run.id} has status ${quoted(status)}`);
}
