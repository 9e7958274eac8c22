import { randomUUID } from 'node:crypto';
import type { IssuerType } from '../../src/core/issuers/issuer-presets.ts';
import {
  awsClaims,
  azureDevopsClaims,
  bitbucketClaims,
  buildkiteClaims,
  circleciClaims,
  googleClaims,
  terraformClaims,
} from './ci-claims.ts';

export const TENANT = '11111111-2222-4333-8444-555555555555';

/** What an issuer of each type says of an ordinary job or workload (reference: tokens.md §2 and §5). */
export function defaultClaims(type: IssuerType): Readonly<Record<string, unknown>> {
  switch (type) {
    case 'gitlab':
      return GITLAB();
    case 'github':
      return GITHUB();
    case 'kubernetes':
      return {
        sub: 'system:serviceaccount:payments:deployer',
        jti: randomUUID(),
        'kubernetes.io': {
          namespace: 'payments',
          serviceaccount: { name: 'deployer', uid: '0a1b2c3d-0000-4000-8000-000000000001' },
        },
      };
    case 'entra':
      return {
        sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
        tid: TENANT,
        oid: '22222222-3333-4444-8555-666666666666',
        azp: '33333333-4444-4555-8666-777777777777',
        roles: ['Packages.Read'],
        idtyp: 'app',
        ver: '2.0',
        uti: randomUUID(),
      };
    case 'aws':
      return awsClaims();
    case 'azure-devops':
      return azureDevopsClaims();
    case 'bitbucket':
      return bitbucketClaims();
    case 'buildkite':
      return buildkiteClaims();
    case 'circleci':
      return circleciClaims();
    case 'google':
      return googleClaims();
    case 'hcp-terraform':
      return terraformClaims();
    case 'spiffe':
      // SPIRE sets no `iss` by default.
      return { sub: 'spiffe://example.org/ns/payments/sa/deployer', iss: undefined };
    case 'oidc':
      return { sub: 'workload-1', jti: randomUUID() };
    default:
      return type satisfies never;
  }
}

const GITLAB = (): Readonly<Record<string, unknown>> => ({
  sub: 'project_path:acme/payments:ref_type:branch:ref:main',
  jti: randomUUID(),
  namespace_id: '7',
  namespace_path: 'acme',
  project_id: '20',
  project_path: 'acme/payments',
  user_id: '3',
  user_login: 'ana',
  user_email: 'ana@example.com',
  pipeline_id: '1212',
  pipeline_source: 'push',
  job_id: '4242',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  runner_id: 1,
  runner_environment: 'self-hosted',
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  project_visibility: 'private',
  ci_config_ref_uri: 'gitlab.example.com/acme/payments//.gitlab-ci.yml@refs/heads/main',
});

const GITHUB = (): Readonly<Record<string, unknown>> => ({
  sub: 'repo:acme/payments:ref:refs/heads/main',
  jti: randomUUID(),
  repository: 'acme/payments',
  repository_id: '20',
  repository_owner: 'acme',
  repository_owner_id: '7',
  repository_visibility: 'private',
  actor: 'ana',
  actor_id: '3',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  event_name: 'push',
  run_id: '1212',
  run_attempt: '1',
  workflow: 'release',
  job_workflow_ref: 'acme/payments/.github/workflows/release.yml@refs/heads/main',
  runner_environment: 'github-hosted',
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
});
