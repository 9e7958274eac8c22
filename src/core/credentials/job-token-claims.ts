/**
 * Claims that the gateway derives for a job token from GitLab's job response, with the claim names of
 * GitLab's ID tokens (GitLab doc/api/jobs.md, "Get job token's job"). A condition on any other claim never
 * matches a job token.
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
