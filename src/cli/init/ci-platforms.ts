import { NO_UUID, OTHER_UUID } from './init-issuer.ts';
import type { InitPlatform } from './init-platform.ts';
import { readName, readUuid } from './init-values.ts';

const CIRCLE = 'oidc.circleci.com';

/** CI systems other than GitLab and GitHub. */
export const CI_PLATFORMS: readonly InitPlatform[] = [
  {
    name: 'azure-devops',
    value: 'ID',
    help: 'Trust the pipelines of the Azure DevOps organization with this id.',
    question: 'Id of the Azure DevOps organization',
    preset: NO_UUID,
    read: readUuid,
    issuer: (organization) => ({
      type: 'azure-devops',
      url: `https://vstoken.dev.azure.com/${organization}`,
      settings: [
        'audiences: [api://AzureADTokenExchange] # the only audience of these tokens',
        'replay: once',
      ],
      request: 'with $(System.AccessToken): docs/guides/ci/azure-devops.md',
      project: { path: 'acme/app', owner: 'acme' },
      subject: 'Pipelines of the branch main',
      publishers: 'main',
      reader: 'another branch',
      scope: 'project',
      publishes: [
        { claim: 'prj_id', value: `'${NO_UUID}'`, source: '$(System.TeamProjectId)' },
        { claim: 'rpo_ref', value: 'refs/heads/main' },
      ],
      reads: [
        { claim: 'prj_id', value: `'${NO_UUID}'`, source: '$(System.TeamProjectId)' },
        { claim: 'rpo_ref', value: `{ glob: 'refs/heads/**' }`, comment: 'no pull requests' },
      ],
      readerClaims: { rpo_ref: 'refs/heads/feature' },
      strangerClaims: { prj_id: OTHER_UUID },
    }),
  },
  {
    name: 'bitbucket',
    value: 'WORKSPACE',
    help: 'Trust the pipelines of this Bitbucket workspace.',
    question: 'Bitbucket workspace',
    preset: 'acme',
    read: readName,
    issuer: (workspace) => ({
      type: 'bitbucket',
      url: `https://api.bitbucket.org/2.0/workspaces/${workspace}/pipelines-config/identity/oidc`,
      request: 'in the step: oidc: { audiences: [URL] }',
      project: { path: `${workspace}/app`, owner: workspace.toLowerCase() },
      subject: 'Steps of a deployment environment',
      publishers: 'deployment',
      reader: 'another step',
      scope: 'workspace',
      publishes: [
        {
          claim: 'repositoryUuid',
          value: `'{${NO_UUID}}'`,
          source: 'repository settings, OpenID Connect; with braces',
        },
        { claim: 'deploymentEnvironmentUuid', value: `'{${NO_UUID}}'`, source: 'the same page' },
      ],
      reads: [
        { claim: 'workspaceUuid', value: `'{${NO_UUID}}'`, source: 'workspace settings, OpenID Connect' },
      ],
      readerClaims: { deploymentEnvironmentUuid: '' },
      strangerClaims: { workspaceUuid: `{${OTHER_UUID}}`, repositoryUuid: `{${OTHER_UUID}}` },
    }),
  },
  {
    name: 'buildkite',
    value: 'ORG',
    help: 'Trust the jobs of this Buildkite organization.',
    question: 'Buildkite organization',
    preset: 'acme',
    read: readName,
    issuer: (organization) => ({
      type: 'buildkite',
      url: 'https://agent.buildkite.com',
      request: 'buildkite-agent oidc request-token --audience URL --claim organization_id,pipeline_id',
      project: { path: `${organization}/app`, owner: organization.toLowerCase() },
      subject: `Builds of the branch main of one pipeline of ${organization}`,
      publishers: 'main',
      reader: 'another branch',
      scope: 'organization',
      publishes: [
        {
          claim: 'organization_id',
          value: `'${NO_UUID}'`,
          source: 'organization settings, GraphQL API: uuid',
        },
        { claim: 'pipeline_id', value: `'${NO_UUID}'`, source: 'settings of the pipeline: id' },
        { claim: 'build_branch', value: 'main' },
        {
          claim: 'build_source',
          value: '{ in: [webhook, schedule] }',
          tested: 'webhook',
          comment: 'in builds of the API and the web interface, the branch is free text',
        },
      ],
      reads: [
        {
          claim: 'organization_id',
          value: `'${NO_UUID}'`,
          source: 'organization settings, GraphQL API: uuid',
        },
      ],
      readerClaims: { build_branch: 'feature' },
      strangerClaims: { organization_id: OTHER_UUID },
    }),
  },
  {
    name: 'circleci',
    value: 'ID',
    help: 'Trust the jobs of the CircleCI organization with this id.',
    question: 'Id of the CircleCI organization',
    preset: NO_UUID,
    read: readUuid,
    issuer: (organization) => ({
      type: 'circleci',
      url: `https://oidc.circleci.com/org/${organization}`,
      request: `circleci run oidc get --claims '{"aud":"URL"}'`,
      project: { path: 'acme/app', owner: 'acme' },
      subject: 'Jobs of the branch main',
      publishers: 'main',
      reader: 'another branch',
      scope: 'project',
      publishes: [
        { claim: `${CIRCLE}/project-id`, value: `'${NO_UUID}'`, source: 'project settings, overview' },
        {
          claim: `${CIRCLE}/vcs-origin`,
          value: 'github.com/acme/app',
          comment: 'replace it by the repository; excludes builds of forks',
        },
        { claim: `${CIRCLE}/vcs-ref`, value: 'refs/heads/main' },
      ],
      reads: [
        { claim: `${CIRCLE}/project-id`, value: `'${NO_UUID}'`, source: 'project settings, overview' },
        {
          claim: `${CIRCLE}/vcs-origin`,
          value: 'github.com/acme/app',
          comment: 'replace it by the repository; excludes builds of forks',
        },
      ],
      claims: { [`${CIRCLE}/ssh-rerun`]: false },
      readerClaims: { [`${CIRCLE}/vcs-ref`]: 'refs/heads/feature' },
      strangerClaims: { [`${CIRCLE}/project-id`]: OTHER_UUID },
    }),
  },
];
