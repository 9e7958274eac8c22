/**
 * Claims that GitLab's answer on a job token gives, under the names of its id tokens (GitLab doc/api/jobs.md, "Get
 * job token's job"). No other ever matches one.
 */
export const JOB_TOKEN_CLAIMS = [
  'project_id',
  'project_path',
  'ref',
  'ref_type',
  'pipeline_id',
  'pipeline_source',
  'job_id',
  'user_id',
  'user_login',
  'sha',
] as const;
