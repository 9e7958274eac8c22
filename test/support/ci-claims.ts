import { randomUUID } from 'node:crypto';

/** Claims of tokens as the vendors document them; the sources are in src/core/issuers/presets/. */

const ACCOUNT = '123456789012';

/** IAM User Guide, "Understanding token claims", without the claims of Lambda. */
export const awsClaims = (): Readonly<Record<string, unknown>> => ({
  sub: `arn:aws:iam::${ACCOUNT}:role/DataProcessingRole`,
  jti: randomUUID(),
  'https://sts.amazonaws.com/': {
    aws_account: ACCOUNT,
    source_region: 'us-east-1',
    org_id: 'o-abc1234567',
    ou_path: ['o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/'],
    principal_id: `arn:aws:iam::${ACCOUNT}:role/DataProcessingRole`,
    principal_tags: { environment: 'production', team: 'data-engineering' },
    request_tags: { 'job-id': 'job-2024-001' },
  },
});

/** A token of a Compute Engine instance with `format=full`: "Verify the identity of instances". */
export const googleClaims = (): Readonly<Record<string, unknown>> => ({
  sub: '107517467455664443765',
  azp: '107517467455664443765',
  email: '739419398126-compute@developer.gserviceaccount.com',
  email_verified: true,
  google: {
    compute_engine: {
      instance_creation_timestamp: 1472142465,
      instance_id: '152986662232938449',
      instance_name: 'example',
      project_id: 'example-project',
      project_number: 739419398126,
      zone: 'us-west1-a',
    },
  },
});

/** "buildkite-agent oidc", with `--claim organization_id,pipeline_id`. */
export const buildkiteClaims = (): Readonly<Record<string, unknown>> => ({
  sub: 'organization:acme-inc:pipeline:super-duper-app:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build',
  jti: randomUUID(),
  organization_slug: 'acme-inc',
  organization_id: 'f02d6a6f-7a0e-481d-9d6d-89b427aec48d',
  pipeline_slug: 'super-duper-app',
  pipeline_id: '0184990a-477b-4fa8-9968-496074483cee',
  build_number: 1,
  build_branch: 'main',
  build_commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
  build_source: 'webhook',
  step_key: null,
  job_id: '0184990a-477b-4fa8-9968-496074483k77',
  agent_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
  runner_environment: 'self-hosted',
});

const CIRCLECI_ORGANIZATION = '0c1d2e3f-1111-4222-8333-444455556666';

/** "OpenID Connect tokens in jobs". */
export const circleciClaims = (): Readonly<Record<string, unknown>> => ({
  sub: `org/${CIRCLECI_ORGANIZATION}/project/76feb2d7-8b1d-4b4a-9f0e-0c8a5d9b2f11/user/5a3cf5d1-2f1e-4d0b-8a35-9d0c0d4c1a22`,
  jti: randomUUID(),
  'oidc.circleci.com/project-id': '76feb2d7-8b1d-4b4a-9f0e-0c8a5d9b2f11',
  'oidc.circleci.com/context-ids': ['a74579f1-2e7d-451e-b009-5c082ad2729e'],
  'oidc.circleci.com/vcs-origin': 'github.com/acme/payments',
  'oidc.circleci.com/vcs-ref': 'refs/heads/main',
  'oidc.circleci.com/ssh-rerun': false,
});

/** "Workload identity tokens". */
export const terraformClaims = (): Readonly<Record<string, unknown>> => ({
  sub: 'organization:my-org:project:Default Project:workspace:my-workspace:run_phase:apply',
  jti: randomUUID(),
  terraform_run_phase: 'apply',
  terraform_workspace_id: 'ws-mbsd5E3Ktt5Rg2Xm',
  terraform_workspace_name: 'my-workspace',
  terraform_full_workspace: 'organization:my-org:project:Default Project:workspace:my-workspace',
  terraform_organization_id: 'org-GRNbCjYNpBB6NEBH',
  terraform_organization_name: 'my-org',
  terraform_project_id: 'prj-vegSA59s1XPwMr2t',
  terraform_project_name: 'Default Project',
  terraform_run_id: 'run-X3n1AUXNGWbfECsJ',
});

/** The token in sigstore/fulcio#1803, for a pipeline. */
export const azureDevopsClaims = (): Readonly<Record<string, unknown>> => ({
  sub: 'p://example/test-oidc/test-oidc',
  jti: randomUUID(),
  org_id: '5c2f4a5e-4d1c-4ab0-9a0e-0b6c4b9f0001',
  prj_id: '5c2f4a5e-4d1c-4ab0-9a0e-0b6c4b9f0002',
  def_id: '7',
  rpo_id: '5c2f4a5e-4d1c-4ab0-9a0e-0b6c4b9f0003',
  rpo_uri: 'https://dev.azure.com/example/test-oidc/_git/test-oidc',
  rpo_ver: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
  rpo_ref: 'refs/heads/main',
  run_id: '1234',
});

/** "Integrate Pipelines with resource servers using OIDC", with a deployment environment. */
export const bitbucketClaims = (): Readonly<Record<string, unknown>> => ({
  sub: '{c8f4e3a1-4b1d-4c55-8f3a-0b6c4b9f0001}:{5a3cf5d1-2f1e-4d0b-8a35-9d0c0d4c1a22}',
  workspaceUuid: '{9a1fe35c-b6a2-4a4f-9b3e-0b6c4b9f0004}',
  repositoryUuid: '{c8f4e3a1-4b1d-4c55-8f3a-0b6c4b9f0001}',
  pipelineUuid: '{c8f4e3a1-4b1d-4c55-8f3a-0b6c4b9f0005}',
  stepUuid: '{5a3cf5d1-2f1e-4d0b-8a35-9d0c0d4c1a22}',
  deploymentEnvironmentUuid: '{c8f4e3a1-4b1d-4c55-8f3a-0b6c4b9f0006}',
  branchName: 'main',
});
