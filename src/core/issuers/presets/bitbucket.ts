import { CI_PRESET, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Source: Atlassian "Integrate Pipelines with resource servers using OIDC". Each workspace has an issuer, by its slug. */
export const BITBUCKET_PRESET: IssuerPreset = {
  ...CI_PRESET,
  urls: [/^api\.bitbucket\.org\//],
  urlForm: {
    pattern: /^https:\/\/api\.bitbucket\.org\/2\.0\/workspaces\/[^/]+\/pipelines-config\/identity\/oidc$/,
    text: 'https://api.bitbucket.org/2.0/workspaces/SLUG/pipelines-config/identity/oidc',
  },
  defaultAudience: /^ari:cloud:bitbucket::workspace\//,
  exampleUrl: 'https://api.bitbucket.org/2.0/workspaces/example/pipelines-config/identity/oidc',
  holder: ['repositoryUuid'],
  immutableIds: ['repositoryUuid', 'deploymentEnvironmentUuid', 'workspaceUuid'],
  idForm: {
    pattern: new RegExp(`^\\{${UUID}\\}$`),
    text: 'a lowercase UUID in braces, quoted: "{c8f4…}"',
  },
  chosenByHolder: ['branchName'],
  trace: { project: 'repositoryUuid', job: 'stepUuid', pipeline: 'pipelineUuid' },
  claims: {
    names: wordsOf(`
      workspaceUuid repositoryUuid pipelineUuid stepUuid pipelineRunUuid deploymentEnvironmentUuid
      branchName`),
    customPrefixes: [],
  },
  determined: {
    deploymentEnvironmentUuid: ['repositoryUuid', 'workspaceUuid'],
    repositoryUuid: ['workspaceUuid'],
  },
  conditionRules: [
    {
      kind: 'unusable',
      claims: ['sub'],
      severity: 'error',
      message: 'contains the UUID of the step, which each run changes; bind repositoryUuid',
    },
    {
      kind: 'needs',
      claims: ['branchName'],
      other: ['deploymentEnvironmentUuid'],
      severity: 'warning',
      message:
        'restricts only who can push to the branch; add deploymentEnvironmentUuid, whose permissions Bitbucket enforces',
    },
  ],
};
