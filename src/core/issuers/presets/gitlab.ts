import { CI_PRESET, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

const PROJECT = ['project_id', 'project_path', 'namespace_id', 'namespace_path', 'project_visibility'];

/** Sources: GitLab "ID tokens" (doc/ci/secrets/id_token_authentication) and lib/gitlab/ci/jwt_v2.rb. */
export const GITLAB_PRESET: IssuerPreset = {
  ...CI_PRESET,
  urls: [/^gitlab\.com\//],
  exampleUrl: 'https://gitlab.example.com',
  holder: ['project_id', 'deploy_token_id'],
  immutableIds: ['project_id', 'namespace_id', 'deploy_token_id'],
  idForm: { pattern: /^\d+$/, text: 'a number such as "20", not a name' },
  pathClaims: ['project_path', 'namespace_path'],
  chosenByHolder: wordsOf(`
    deployment_tier environment environment_action environment_protected pipeline_source
    project_visibility ref ref_path ref_protected ref_type runner_environment`),
  // Only maintainers protect branches, tags and environments, and the protection lists who may use them.
  protectedBy: {
    ref: 'ref_protected',
    ref_path: 'ref_protected',
    ref_type: 'ref_protected',
    environment: 'environment_protected',
    deployment_tier: 'environment_protected',
    environment_action: 'environment_protected',
  },
  open: true,
  trace: { project: 'project_path', job: 'job_id', pipeline: 'pipeline_id' },
  claims: {
    names: wordsOf(`
      project_id project_path project_visibility namespace_id namespace_path job_project_id
      job_project_path job_namespace_id job_namespace_path user_id user_login user_email
      user_access_level user_identities groups_direct pipeline_id pipeline_source job_id job_config
      job_source sha ref ref_type ref_path ref_protected environment environment_protected
      deployment_tier environment_action runner_id runner_environment ci_config_ref_uri ci_config_sha
      target_audience deploy_token_id registry_access username`),
    customPrefixes: [],
  },
  lists: ['groups_direct', 'user_identities'],
  determined: {
    project_id: PROJECT,
    project_path: PROJECT,
    namespace_id: ['namespace_path'],
    namespace_path: ['namespace_id'],
  },
  guards: [
    {
      // GitLab 18.3 and later: in merge request pipelines of forks the two differ (gitlab-org/gitlab#563038).
      kind: 'same_claim',
      claim: 'job_project_id',
      as: 'project_id',
      replacedBy: ['equals', 'in', 'notIn', 'contains', 'glob'],
      why: 'a job that runs in a project other than project_id matches only if the identity has a condition on job_project_id',
    },
  ],
};
