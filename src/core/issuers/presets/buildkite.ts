import { CI_PRESET, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

const ORGANIZATION = ['organization_id', 'organization_slug'];

/** Source: Buildkite "buildkite-agent oidc". */
export const BUILDKITE_PRESET: IssuerPreset = {
  ...CI_PRESET,
  urls: [/^agent\.buildkite\.com\//],
  urlForm: { pattern: /^https:\/\/agent\.buildkite\.com$/, text: 'https://agent.buildkite.com' },
  defaultAudience: /^https:\/\/buildkite\.com\/[^/]+$/,
  exampleUrl: 'https://agent.buildkite.com',
  holder: ['pipeline_id', 'organization_id', 'organization_slug'],
  immutableIds: ['organization_id', 'pipeline_id', 'cluster_id'],
  idForm: {
    pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    text: 'a lowercase UUID, not a slug',
  },
  chosenByHolder: wordsOf(`
    agent_tag: build_branch build_commit build_number build_source build_tag cluster_name job_id pipeline_slug
    queue_key runner_environment step_key`),
  customSubject: true,
  open: true,
  trace: { project: 'pipeline_slug', job: 'job_id', pipeline: 'build_number' },
  claims: {
    names: wordsOf(`
      organization_id organization_slug pipeline_id pipeline_slug cluster_id cluster_name queue_id
      queue_key build_id build_number build_branch build_tag build_commit build_source step_key job_id
      agent_id runner_environment`),
    customPrefixes: ['agent_tag:'],
  },
  onRequest: {
    claims: ['organization_id', 'pipeline_id'],
    how: 'add this to the option --claim of "buildkite-agent oidc request-token"',
  },
  determined: {
    pipeline_id: ['pipeline_slug', 'cluster_id', 'cluster_name', ...ORGANIZATION],
    organization_id: ORGANIZATION,
    organization_slug: ORGANIZATION,
  },
  conditionRules: [
    {
      kind: 'unusable',
      claims: ['sub'],
      severity: 'warning',
      message:
        'contains slugs, and the option --subject-claim of the job replaces it; bind organization_id and pipeline_id',
    },
    {
      kind: 'needs',
      claims: ['build_branch', 'build_tag'],
      other: ['build_source'],
      severity: 'warning',
      message:
        'is free text in builds that the API or the web interface starts; add build_source: { in: [webhook, schedule] }',
    },
  ],
};
