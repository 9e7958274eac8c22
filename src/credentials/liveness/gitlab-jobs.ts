import { scalarClaim } from '../../core/credentials/claims.ts';
import { isRecord } from '../../util/json/object.ts';
import { quoted } from '../../util/text/quoted.ts';
import { ID, isId, readJobClaims } from './job-claims.ts';
import { ended, RUNNING, undecided, type Answer, type LivenessSource, type Members } from './question.ts';

/** `GET /projects/:id/jobs/:job_id` (GitLab doc/api/jobs.md); needs a token with `read_api`. */
export const GITLAB_JOBS: LivenessSource = {
  system: 'GitLab',
  headers: { accept: 'application/json' },
  readJob(credential) {
    const found = readJobClaims(credential, { project_id: ID, pipeline_id: ID, job_id: ID });
    if (found.kind === 'deny') return found;
    const { project_id, pipeline_id, job_id } = found;
    // In the pipeline of a merge request of a fork, the job can run in another project than `project_id`.
    const runsIn = scalarClaim(credential.claims, 'job_project_id') ?? project_id;
    const project = ID.test(runsIn) ? runsIn : project_id;
    const question = {
      path: `/api/v4/projects/${project}/jobs/${job_id}`,
      interpret: (status: number, body: Members) =>
        interpret(status, body, { project, pipeline: pipeline_id, job: job_id }),
    };
    return {
      kind: 'job',
      key: `${project} ${pipeline_id} ${job_id}`,
      holder: project,
      questions: () => [question],
    };
  },
  probes: [
    {
      path: '/api/v4/version',
      interpret: (status) => {
        if (status === 200) return { ok: true, detail: 'GitLab accepts the token of tokenFile' };
        if (status === 401)
          return { ok: false, detail: 'GitLab returned 401: it refuses the token of tokenFile' };
        if (status === 403)
          return { ok: false, detail: 'GitLab returned 403: the token needs the scope read_api' };
        return undefined;
      },
    },
  ],
};

interface JobIds {
  readonly project: string;
  readonly pipeline: string;
  readonly job: string;
}

function interpret(status: number, body: Members, { project, pipeline, job }: JobIds): Answer | undefined {
  switch (status) {
    case 200:
      return readJob(body, pipeline, job);
    case 401:
      return undecided('GitLab returned 401: it refuses the token of liveness.tokenFile');
    case 404:
      // GitLab does not distinguish a missing job from a project without access.
      return undecided(
        `GitLab returned 404 for job ${job} of project ${project}: it was erased, or the token of liveness.tokenFile cannot read the project`,
      );
    default:
      return undefined;
  }
}

function readJob({ id, status, pipeline }: Members, expectedPipeline: string, job: string): Answer {
  if (!isId(id, job) || typeof status !== 'string') return undecided('the response is not the requested job');
  if (!isRecord(pipeline) || !isId(pipeline['id'], expectedPipeline)) {
    return undecided(`job ${job} belongs to another pipeline: liveness.apiUrl is the API of another GitLab`);
  }
  // As for job tokens, a job in status `canceling` does not run.
  return status === 'running' ? RUNNING : ended(`job ${job} has status ${quoted(status)}`);
}
