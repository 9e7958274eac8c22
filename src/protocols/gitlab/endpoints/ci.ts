import { api, endpointsOf, never, NEVER, type GitlabEndpoint } from './endpoint.ts';

const artifacts = endpointsOf('read_artifacts', 'write_api');
const trigger = endpointsOf(NEVER, 'trigger_pipeline');

/**
 * GitLab REST API: "Pipelines", "Pipeline trigger tokens", "Jobs", "Job artifacts", "CI Lint", "Deployments",
 * "Environments", "Commits" (statuses), "Resource groups". Not listed: `pipeline_schedules`, which outlive
 * the policy and show variables, and GET `ci/lint`, which returns the files of other projects that the
 * configuration includes.
 */
export const CI_ENDPOINTS: readonly GitlabEndpoint[] = [
  trigger('trigger/pipeline', ['GET', 'POST'], { form: true }),
  trigger('ref/:ref/trigger/pipeline', ['GET', 'POST'], { form: true }),
  never('trigger/**'),
  never('ref/**'),
  api('pipeline', ['POST']),
  api('pipelines', ['GET']),
  api('pipelines/latest', ['GET']),
  api('pipelines/:pipeline_id', ['GET', 'DELETE']),
  api('pipelines/:pipeline_id/jobs', ['GET']),
  api('pipelines/:pipeline_id/bridges', ['GET']),
  api('pipelines/:pipeline_id/test_report', ['GET']),
  api('pipelines/:pipeline_id/test_report_summary', ['GET']),
  api('pipelines/:pipeline_id/retry', ['POST']),
  api('pipelines/:pipeline_id/cancel', ['POST']),
  api('pipelines/:pipeline_id/metadata', ['PUT']),
  api('jobs', ['GET']),
  api('jobs/:job_id', ['GET']),
  api('jobs/:job_id/trace', ['GET']),
  api('jobs/:job_id/play', ['POST']),
  api('jobs/:job_id/retry', ['POST']),
  api('jobs/:job_id/cancel', ['POST']),
  api('jobs/:job_id/erase', ['POST']),
  artifacts('jobs/:job_id/artifacts', ['DELETE']),
  artifacts('jobs/:job_id/artifacts/keep', ['POST']),
  artifacts('jobs/:job_id/artifacts/**', ['GET']),
  artifacts('jobs/artifacts/**', ['GET']),
  artifacts('artifacts', ['DELETE']),
  api('ci/lint', ['POST'], { body: 'ci' }),
  api('statuses/:sha', ['POST']),
  api('deployments', ['GET', 'POST']),
  api('deployments/:deployment_id', ['GET', 'PUT', 'DELETE']),
  api('deployments/:deployment_id/merge_requests', ['GET']),
  // `cluster_agent_id`
  api('environments', ['GET', 'POST'], { body: 'projects' }),
  api('environments/:environment_id', ['GET', 'PUT', 'DELETE'], { body: 'projects' }),
  api('environments/:environment_id/stop', ['POST']),
  api('environments/stop_stale', ['POST']),
  api('environments/review_apps', ['DELETE']),
  api('resource_groups', ['GET']),
  api('resource_groups/:key', ['GET']),
  api('resource_groups/:key/current_job', ['GET']),
  api('resource_groups/:key/upcoming_jobs', ['GET']),
];
